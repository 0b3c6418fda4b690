import AsyncLoop
import CShims
import Channel
import Glibc
import Linux
import Loop

/// The manager's side of a spawner: asks for programs and knows what became of each.
@LoopActor final class SpawnerClient<Task: SpawnableTask> {
  private var channel: Channel<SpawnerToManager, SpawnMessage<Task>>!
  private let starting = PendingAnswers<ChildProcess>()
  private var running: [UInt64: ChildProcess] = [:]

  /// `onLost` is called when the spawner has ended: without it the manager is of no use.
  init(_ socket: Descriptor, onLost: @escaping (String) -> Void) {
    channel = Channel(
      socket, loop: LoopActor.loop, onMessage: { [unowned self] in handle($0) }, onClose: { onLost($0) })
  }

  /// What the spawner may say.
  private func handle(_ message: SpawnerToManager) {
    switch message {
    case .started(let job, let pid, let pidfd):
      let child = ChildProcess(pid: pid, pidfd: pidfd)
      running[job] = child
      starting.answer(job, child)
    case .failed(let job, let reason): starting.refuse(job, reason)
    case .ended(let job, let end):
      running.removeValue(forKey: job)?.ended(end)
    }
  }

  /// Starts a program; the descriptors become its 0, 1, 2, 3 and so on.
  func spawn(_ task: Task, _ descriptors: [Descriptor]) async throws(Refused) -> ChildProcess {
    try await starting.ask { channel.send(.spawn(job: $0, task, descriptors)) }
  }
}

/// A child of the spawner.
@LoopActor final class ChildProcess {
  let pid: pid_t
  let pidfd: Descriptor
  /// How it ended, once it has.
  private(set) var end: ChildEnd?
  private let gate = Gate()

  init(pid: pid_t, pidfd: Descriptor) {
    self.pid = pid
    self.pidfd = pidfd
  }

  fileprivate func ended(_ end: ChildEnd) {
    self.end = end
    gate.open()
  }

  func signal(_ number: Int32) { _ = sh_pidfd_signal(pidfd.raw, number) }

  /// Waits for its end; nil when `deadline` came first.
  func waitForEnd(until deadline: Moment? = nil) async -> ChildEnd? {
    if end == nil { _ = await gate.wait(until: deadline) }
    return end
  }
}
