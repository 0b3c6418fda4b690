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
  /// Descriptors: three for each of thousands of instances, and some twenty of its own.
  private static let openFiles: rlim_t = 65_536

  static func main() {
    let options = Settings.ofThisProcess(.stats, libraries: Confinement.libraryVersions)
    log.configure(options.log.early)
    do {
      try Startup.closeDescriptors(from: Startup.firstInherited)
      Startup.raiseOpenFiles(to: openFiles)
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
      try Confinement.filterSystemCalls(logSettings.usesFiles ? .stats.withLogFiles : .stats)
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
