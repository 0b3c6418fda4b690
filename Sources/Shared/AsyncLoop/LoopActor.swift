import Linux
import Loop

/// Runs async functions on an `EventLoop`, so that sequential work reads sequentially without any thread.
///
/// Landlock, no_new_privs and capabilities bind one thread, so a process has exactly one. Use `LoopActor.start`
/// for a task, never `Task {}`, `Task.sleep` or a detached task: those go to the default executor and its threads.
final class LoopExecutor: TaskExecutor, SerialExecutor, @unchecked Sendable {
  static let shared = LoopExecutor()

  let loop: EventLoop
  private var jobs: [UnownedJob] = []

  private init() {
    do {
      loop = try EventLoop()
    } catch {
      fatalError("\(error)")
    }
    loop.beforeWait = { [unowned self] in runJobs() }
  }

  func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

  private func runJobs() -> Bool {
    guard !jobs.isEmpty else { return false }
    var batch: [UnownedJob] = []
    swap(&batch, &jobs)
    for job in batch {
      job.runSynchronously(
        isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }
    return true
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
  func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }
  func checkIsolated() {}
  func isIsolatingCurrentContext() -> Bool? { true }
}

/// The one thread of a process that works with async functions.
@globalActor public actor LoopActor {
  public static let shared = LoopActor()
  public nonisolated var unownedExecutor: UnownedSerialExecutor { LoopExecutor.shared.asUnownedSerialExecutor() }

  /// The loop that the thread runs.
  @LoopActor public static var loop: EventLoop { LoopExecutor.shared.loop }

  /// Makes the loop, which needs a system call that a confined process has no other use for.
  public nonisolated static func prepare() { _ = LoopExecutor.shared }

  /// Starts `body` and returns at once.
  public nonisolated static func start(_ body: @escaping @LoopActor () async -> Void) {
    Task(executorPreference: LoopExecutor.shared) { await body() }
  }

  /// Starts `body` and serves the loop until it is stopped.
  public nonisolated static func run(_ body: @escaping @LoopActor () async -> Void) {
    start(body)
    LoopExecutor.shared.loop.run()
  }
}
