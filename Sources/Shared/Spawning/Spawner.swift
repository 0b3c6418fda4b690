import CShims
import Channel
import Glibc
import Glog
import Linux
import Loop

/// What is to be done to start one child.
struct ChildPlan {
  /// Of the program, as its first argument.
  let name: String
  let path: String
  let arguments: [String]
  var environment = ["PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/nonexistent"]
  let jail: Jailer.Jail
  let flags: UInt32
}

/// Turns the tasks of one spawner into command lines and jails.
protocol ChildPlanner {
  associatedtype Task: SpawnableTask

  func plan(_ task: Task) throws -> ChildPlan
}

/// Starts programs for the manager, hands back pidfds, reaps, and reports ends.
///
/// It is forked from launcher-vmm before the manager confines itself, because the filter that suits the manager kills
/// the programs. It reads nothing but the manager's requests, and dies with the manager; machines do not.
final class Spawner<Planner: ChildPlanner> {
  /// Children at once: machines of one node and tools, with room to spare.
  private static var maximumChildren: Int { 16_384 }

  private let planner: Planner
  private let loop: EventLoop
  private var channel: Channel<SpawnMessage<Planner.Task>, SpawnerToManager>?
  private var jobs: [pid_t: UInt64] = [:]

  init(_ planner: Planner, _ loop: EventLoop) {
    self.planner = planner
    self.loop = loop
  }

  func serve(_ socket: Descriptor, _ signals: Descriptor) {
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
  private func handle(_ message: SpawnMessage<Planner.Task>) {
    switch message {
    case .spawn(let job, let task, let descriptors): spawn(job, task, descriptors)
    }
  }

  private func spawn(_ job: UInt64, _ task: Planner.Task, _ descriptors: [Descriptor]) {
    guard jobs.count < Self.maximumChildren else { return fail(job, "\(jobs.count) children already") }
    let plan: ChildPlan
    log.step("spawn-asked")
    do {
      plan = try planner.plan(task)
    } catch {
      return fail(job, "\(error)")
    }
    log.step("spawn-planned")
    var pid: pid_t = 0
    var pidfd: Int32 = -1
    var stage: Int32 = 0
    let code = SpawnRequest(
      path: plan.path, arguments: [plan.name] + plan.arguments, environment: plan.environment,
      descriptors: descriptors, jail: plan.jail, flags: plan.flags
    ).with { sh_spawn($0, &pid, &pidfd, &stage) }
    guard code == 0 else {
      return fail(job, "\(plan.path): \(SpawnRequest.name(of: stage)): \(SystemError.text(code))")
    }
    log.step("spawned")
    jobs[pid] = job
    guard pidfd >= 0 else {
      // Without a pidfd the manager could not watch it.
      kill(pid, SIGKILL)
      return fail(job, "\(plan.path): pidfd_open: \(SystemError.text(-pidfd))")
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
}
