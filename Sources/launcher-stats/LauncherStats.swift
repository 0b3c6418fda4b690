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
    log.configure(options.log.early)
    do {
      try Startup.closeDescriptors(from: Startup.firstInherited)
      let service = try ServiceManager()
      try Confinement.dropPrivileges(to: options.user, rights: .stats)
      let logSettings = options.logSettings(of: .stats)
      log.configure(logSettings)
      let loop = try EventLoop()
      let signals = try Signals.descriptor(for: [SIGINT, SIGTERM])
      let reporter = Reporter(
        rendezvous: options.rendezvous, sockets: try RendezvousVisitor.Sockets(),
        node: NodeSource(instances: "\(options.stateFolder)/instances"), instances: InstanceSampler(), loop: loop,
        service: service)
      try options.confine(.stats, as: .stats, logSettings)
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
