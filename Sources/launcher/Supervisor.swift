import CShims
import Confinement
import Glibc
import Glog
import Linux
import Loop
import Settings

/// Starts the three processes, restarts one that ends, and stops them.
final class Supervisor {
  /// What is started.
  struct Program {
    let name: String
    let path: String
    let arguments: [String]
    let user: UserIDs?
    /// The rendezvous socket, for the process that listens on it.
    let listener: Descriptor?
    /// Where machines' windows are to appear.
    var display: Display?
  }

  /// Exit statuses of a process that something keeps from starting: what it was given, or what it found.
  private static let refusals: Set<Int32> = [1, Settings.usageStatus]
  /// Seconds: a process that lived this long had started well.
  private static let goodRun = 3.0
  /// Seconds before a restart, doubled while the process keeps ending early.
  private static let firstDelay = 0.05
  private static let longestDelay = 5.0
  /// Seconds that the processes may take to stop.
  private static let stopDeadline = 5.0

  private final class Child {
    let program: Program
    var pid: pid_t = 0
    var started = Moment.now
    /// It has run well since launcher was started.
    var hasRunWell = false
    var delay = Supervisor.firstDelay

    init(_ program: Program) { self.program = program }
  }

  private let children: [Child]
  private let loop: EventLoop
  private let null: Descriptor
  private let environment: [String]
  private var isStopping = false
  private(set) var status: Int32 = 0

  init(_ programs: [Program], loop: EventLoop, null: Descriptor) {
    children = programs.map(Child.init)
    self.loop = loop
    self.null = null
    // JOURNAL_STREAM: what systemd says of a standard error that leads to its journal.
    let kept: [String] = ["TZ", "JOURNAL_STREAM"].compactMap { name in
      getenv(name).map { name + "=" + String(cString: $0) }
    }
    environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] + kept
  }

  func start() {
    for child in children { start(child) }
  }

  private func start(_ child: Child) {
    guard !isStopping else { return }
    let program = child.program
    var descriptors: [Int32] = [null.raw, STDOUT_FILENO, STDERR_FILENO]
    var environment = environment
    if let listener = program.listener {
      descriptors.append(listener.raw)
      environment.append("LISTEN_FDS=1")
    }
    if let display = program.display { environment.append("\(Display.variable)=\(display.name)") }
    let arguments = [program.name] + program.arguments + (program.user.map { ["-user=\($0)"] } ?? [])
    var pidfd: Int32 = -1
    var stage: Int32 = 0
    child.started = .now
    let code = spawn(program.path, arguments, environment, descriptors, &child.pid, &pidfd, &stage)
    if pidfd >= 0 { close(pidfd) }
    guard code == 0 else {
      log.error("start \(program.path): \(SystemError.text(code))")
      return ended(child, "did not start")
    }
    log.info("\(program.name) started, process \(child.pid)")
  }

  private func spawn(
    _ path: String, _ arguments: [String], _ environment: [String], _ descriptors: [Int32], _ pid: inout pid_t,
    _ pidfd: inout Int32, _ stage: inout Int32
  ) -> Int32 {
    CStrings.with(arguments) { argv in
      CStrings.with(environment) { envp in
        path.withCString { path in
          descriptors.withUnsafeBufferPointer { fds in
            var request = sh_spawn(
              path: path, argv: argv, envp: envp, fds: fds.baseAddress, fd_count: Int32(fds.count), rlimits: nil,
              rlimit_count: 0, flags: UInt32(SH_SPAWN_DIE_WITH_PARENT), landlock: -1, filter: nil, filter_length: 0)
            return sh_spawn(&request, &pid, &pidfd, &stage)
          }
        }
      }
    }
  }

  /// Reaps what has ended; called at SIGCHLD.
  func reap() {
    var pid: pid_t = 0
    var status: Int32 = 0
    while sh_reap(&pid, &status) > 0 {
      guard let child = children.first(where: { $0.pid == pid }) else { continue }
      child.pid = 0
      let signal = sh_term_signal(status)
      if signal >= 0 {
        ended(child, "was ended by signal \(signal)")
      } else {
        let status = sh_exit_status(status)
        ended(child, "ended with status \(status)", refusesToStart: Self.refusals.contains(status))
      }
    }
  }

  /// - refusesToStart: the next start would end as this one, unless the process has run well before.
  private func ended(_ child: Child, _ how: String, refusesToStart: Bool = false) {
    if isStopping {
      if children.allSatisfy({ $0.pid == 0 }) { loop.stop() }
      return
    }
    let lifetime = child.started.age
    if lifetime >= Self.goodRun {
      child.hasRunWell = true
      child.delay = Self.firstDelay
    }
    if refusesToStart && !child.hasRunWell {
      log.error("\(child.program.name) \(how) at its first start; its own lines above say why. Giving up")
      self.status = 1
      return stop()
    }
    log.error("\(child.program.name) \(how); starting it again")
    loop.schedule(at: .after(seconds: child.delay)) { [unowned self] in start(child) }
    child.delay = min(child.delay * 2, Self.longestDelay)
  }

  /// Stops the processes and then the loop. Machines go on running.
  func stop() {
    guard !isStopping else { return }
    isStopping = true
    let running = children.filter { $0.pid > 0 }
    guard !running.isEmpty else { return loop.stop() }
    for child in running { kill(child.pid, SIGTERM) }
    loop.schedule(at: .after(seconds: Self.stopDeadline)) { [unowned self] in
      for child in children where child.pid > 0 {
        log.error("\(child.program.name) does not stop; killing it")
        kill(child.pid, SIGKILL)
      }
    }
  }
}
