import CShims
import Channel
import Confinement
import Glibc
import Glog
import Linux
import Loop
import Rights
import Settings
import Startup

/// The spawner: starts the programs of `Program` for the manager, hands back pidfds, reaps, and reports ends.
///
/// It is forked from launcher-vmm before the manager confines itself, because the filter that suits the manager kills
/// QEMU. It reads nothing but the manager's requests, and dies with the manager; machines do not.
final class Spawner {
  /// Environment of every child: nothing of ours, and a locale in which tools speak plainly.
  private static let environment = ["PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/nonexistent"]
  /// Children at once: machines of one node and tools, with room to spare.
  private static let maximumChildren = 16_384

  private let paths: ProgramPaths
  private let loop: EventLoop
  private var channel: Channel<ManagerToSpawner, SpawnerToManager>?
  private var jobs: [pid_t: UInt64] = [:]

  /// Forks the spawner; returns in the parent with its end of the channel. The child never returns.
  static func fork(paths: ProgramPaths, _ options: Settings) throws(SystemError) -> Descriptor {
    let (ours, theirs) = try UnixSocket.pair()
    let manager = getpid()
    let pid = sh_fork()
    if pid < 0 { throw SystemError("fork", "the spawner", code: -pid) }
    if pid > 0 { return ours }
    ours.close()
    log.configure(options.log.early)
    do {
      try run(paths: paths, options, socket: alone(theirs), manager: manager)
    } catch {
      log.fatal("spawner: \(error)")
    }
  }

  /// Closes every descriptor but this one: the rendezvous socket and whatever else the manager had open.
  private static func alone(_ socket: Descriptor) throws(SystemError) -> Descriptor {
    let first = Startup.firstInherited
    guard socket.raw != first else {
      try Startup.closeDescriptors(from: first + 1)
      return socket
    }
    guard dup2(socket.raw, first) == first else { throw SystemError("dup2", "the manager's channel") }
    socket.close()
    try Startup.closeDescriptors(from: first + 1)
    _ = fcntl(first, F_SETFD, FD_CLOEXEC)
    return Descriptor(first)
  }

  private static func run(paths: ProgramPaths, _ options: Settings, socket: Descriptor, manager: pid_t) throws -> Never
  {
    _ = sh_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL), 0, 0, 0)
    guard getppid() == manager else { exit(0) }
    try Confinement.dropPrivileges(to: options.user, rights: .spawner)
    log.configure(options.logSettings(of: .vmm, part: "launcher-vmm-spawner"))
    let signals = try Signals.descriptor(for: [SIGCHLD, SIGINT, SIGTERM, SIGHUP])
    let loop = try EventLoop()
    try Confinement.filterSystemCalls(.spawner)
    let spawner = Spawner(paths: paths, loop: loop)
    spawner.serve(socket, signals)
    exit(0)
  }

  private init(paths: ProgramPaths, loop: EventLoop) {
    self.paths = paths
    self.loop = loop
  }

  private func serve(_ socket: Descriptor, _ signals: Descriptor) {
    channel = Channel(
      socket, loop: loop, onMessage: { [unowned self] in handle($0) },
      onClose: { [unowned self] reason in
        log.info("spawner: the manager's channel closed (\(reason)); ending")
        loop.stop()
      })
    loop.onReadable(signals.raw) { [unowned self] in
      // SIGINT and SIGTERM reach a whole foreground process group: the manager decides, and its end is ours.
      while let signal = try? Signals.next(signals) {
        if signal == SIGCHLD { reap() }
      }
    }
    loop.run()
  }

  /// What the manager may ask.
  private func handle(_ message: ManagerToSpawner) {
    switch message {
    case .spawn(let job, let program, let arguments, let descriptors):
      spawn(job, program, arguments, descriptors)
    case .figures(let job, let pid): openFigures(job, pid)
    }
  }

  /// A machine's memory is visible to whoever may trace it. The manager may not: Landlock forbids it to look at
  /// processes outside its own domain.
  private func openFigures(_ job: UInt64, _ pid: pid_t) {
    do {
      channel?.send(
        .figures(
          job: job, memory: try .open("/proc/\(pid)/smaps_rollup", O_RDONLY),
          time: try .open("/proc/\(pid)/stat", O_RDONLY)))
    } catch {
      fail(job, "\(error)")
    }
  }

  private func spawn(_ job: UInt64, _ program: Program, _ arguments: [String], _ descriptors: [Descriptor]) {
    guard let path = paths[program] else {
      return fail(job, "\(program.name) is not installed (looked in \(ProgramPaths.folders.joined(separator: ", ")))")
    }
    guard jobs.count < Self.maximumChildren else { return fail(job, "\(jobs.count) children already") }
    var pid: pid_t = 0
    var pidfd: Int32 = -1
    var stage: Int32 = 0
    let code = withSpawnRequest(path, [program.name] + arguments, descriptors, program) {
      sh_spawn($0, &pid, &pidfd, &stage)
    }
    guard code == 0 else { return fail(job, "\(path): \(Self.stageName(stage)): \(SystemError.text(code))") }
    jobs[pid] = job
    guard pidfd >= 0 else {
      // Without a pidfd the manager could not watch it.
      kill(pid, SIGKILL)
      return fail(job, "\(path): pidfd_open: \(SystemError.text(-pidfd))")
    }
    channel?.send(.started(job: job, pid: pid, pidfd: Descriptor(pidfd)))
  }

  private func fail(_ job: UInt64, _ reason: String) {
    channel?.send(.failed(job: job, reason: String(reason.prefix(400))))
  }

  private func reap() {
    var pid: pid_t = 0
    var status: Int32 = 0
    while sh_reap(&pid, &status) > 0 {
      guard let job = jobs.removeValue(forKey: pid) else { continue }
      let signal = sh_term_signal(status)
      channel?.send(.ended(job: job, signal >= 0 ? .killed(signal: signal) : .exited(sh_exit_status(status))))
    }
  }

  private static func stageName(_ stage: Int32) -> String {
    switch Int(stage) {
    case SH_STAGE_FORK: "fork"
    case SH_STAGE_SETSID: "new session"
    case SH_STAGE_PDEATHSIG: "tie to the spawner"
    case SH_STAGE_RLIMIT: "resource limits"
    case SH_STAGE_FDS: "descriptors"
    default: "execute"
    }
  }

  /// Builds the C structure with everything that its pointers need kept alive.
  private func withSpawnRequest(
    _ path: String, _ arguments: [String], _ descriptors: [Descriptor], _ program: Program,
    _ body: (UnsafePointer<sh_spawn>) -> Int32
  ) -> Int32 {
    let limits = [
      sh_rlimit(resource: Int32(RLIMIT_CORE.rawValue), soft: 0, hard: 0),
      sh_rlimit(
        resource: Int32(RLIMIT_NOFILE.rawValue), soft: program.openFilesLimit, hard: program.openFilesLimit),
    ]
    return CStrings.with(arguments) { argv in
      CStrings.with(Self.environment) { envp in
        path.withCString { path in
          descriptors.map(\.raw).withUnsafeBufferPointer { fds in
            limits.withUnsafeBufferPointer { limits in
              var request = sh_spawn(
                path: path, argv: argv, envp: envp, fds: fds.baseAddress, fd_count: Int32(fds.count),
                rlimits: limits.baseAddress, rlimit_count: Int32(limits.count), flags: program.spawnFlags)
              return body(&request)
            }
          }
        }
      }
    }
  }
}
