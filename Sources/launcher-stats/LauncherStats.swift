import Channel
import Confinement
import Glibc
import Glog
import Linux
import Loop
import Rights
import ServiceManager
import Settings
import Startup

/// launcher-stats: the process that measures, and has no right at all.
@main struct LauncherStats {
  static func main() {
    let options = Settings.ofThisProcess(.stats, libraries: Confinement.libraryVersions)
    if options.checksConfiguration { StatsReadiness.report(options) }
    log.configure(options.log.early)
    // The metrics file is for everybody.
    umask(0o022)
    do {
      try Startup.closeDescriptors(from: Startup.firstInherited)
      let service = try ServiceManager()
      try Confinement.dropPrivileges(to: options.user, rights: .stats)
      let logSettings = options.logSettings(of: .stats)
      log.configure(logSettings)
      let loop = try EventLoop()
      let signals = try Signals.descriptor(for: [SIGINT, SIGTERM])
      var rights = ProcessRights.stats
      var surroundings = Surroundings()
      var metrics: MetricsFile?
      if !options.metricsFolder.isEmpty {
        metrics = try MetricsFile(in: options.metricsFolder)
        rights = rights.withMetricsFile
        try surroundings.set(.metrics, path: options.metricsFolder)
      }
      let reporter = Reporter(
        rendezvous: options.rendezvous, sockets: try RendezvousVisitor.Sockets(),
        node: NodeSource(instances: "\(options.stateFolder)/instances"), instances: InstanceSampler(),
        metrics: metrics, interval: options.statsInterval, loop: loop, service: service)
      try options.confine(rights, surroundings, as: .stats, logSettings)
      Startup.endOnSignal(signals, loop: loop) {
        log.info("ending")
        service.stopping()
      }
      service.giveSignsOfLife(on: loop)
      reporter.start()
      withExtendedLifetime(reporter) { loop.run() }
    } catch {
      log.fatal("\(error)")
    }
  }
}
