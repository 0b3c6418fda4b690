import CShims
import Channel
import Confinement
import Glibc
import Glog
import Linux
import Loop
import Rights
import Settings

/// The observer: opens what tells of a machine's memory and CPU time, for launcher-stats to read.
///
/// Whoever may look at a process's memory may trace it, and a process in a Landlock domain may trace none outside: the
/// manager and the spawner cannot, and no launcher-vmm could for machines that an earlier one started. So this child
/// of launcher-vmm enters no domain. Its filter leaves it nothing but to open files for reading.
enum Observer {
  /// Forks the observer; returns in the parent with its end of the channel. The child never returns.
  static func fork(_ options: Settings) throws(SystemError) -> Descriptor {
    try ChildFork.fork("vmm-observer") { socket in
      // To standard error alone: opening log files would take more rights than all else it does.
      log.configure(options.log.early)
      do {
        try Confinement.dropPrivileges(to: options.user, rights: .observer)
        let loop = try EventLoop()
        // The manager decides about signals that reach a whole process group.
        signal(SIGINT, SIG_IGN)
        signal(SIGTERM, SIG_IGN)
        if let warning = try Confinement.confine(.observer, Surroundings()) { log.warning(warning) }
        serve(socket, loop)
      } catch {
        log.fatal("observer: \(error)")
      }
      exit(0)
    }
  }

  private static func serve(_ socket: Descriptor, _ loop: EventLoop) {
    var channel: Channel<ObserveRequest, ObserveAnswer>?
    channel = Channel(
      socket, loop: loop, onMessage: { channel?.send(answer($0)) },
      onClose: { reason in
        log.info("observer: the manager's channel closed (\(reason)); ending")
        loop.stop()
      })
    loop.run()
  }

  private static func answer(_ request: ObserveRequest) -> ObserveAnswer {
    do {
      switch request.target {
      case .process(let pid):
        return .figures(
          job: request.job, memory: try .open("/proc/\(pid)/smaps_rollup", O_RDONLY),
          time: try .open("/proc/\(pid)/stat", O_RDONLY))
      case .container(let id):
        let groups = try ContainerGroups(of: id)
        return .figures(job: request.job, memory: groups.memory, time: groups.time)
      }
    } catch {
      return .failed(job: request.job, reason: "\(error)")
    }
  }
}
