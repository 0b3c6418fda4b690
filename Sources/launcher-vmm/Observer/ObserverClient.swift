import AsyncLoop
import Channel
import Linux
import Loop

/// Open files that tell of a process for as long as it lives.
@LoopActor final class ProcessFigures {
  /// /proc/PID/smaps_rollup
  let memory: Descriptor
  /// /proc/PID/stat
  let time: Descriptor

  fileprivate init(memory: Descriptor, time: Descriptor) {
    self.memory = memory
    self.time = time
  }
}

/// The manager's side of the observer.
@LoopActor final class ObserverClient {
  struct Refused: Error, CustomStringConvertible {
    let description: String
  }

  private var channel: Channel<ObserveAnswer, ObserveRequest>!
  private var nextJob: UInt64 = 1
  private var waiting: [UInt64: CheckedContinuation<Result<ProcessFigures, Refused>, Never>] = [:]

  /// `onLost` is called when the observer has ended.
  init(_ socket: Descriptor, onLost: @escaping (String) -> Void) {
    channel = Channel(
      socket, loop: LoopActor.loop, onMessage: { [unowned self] in handle($0) }, onClose: { onLost($0) })
  }

  /// What the observer may say.
  private func handle(_ message: ObserveAnswer) {
    switch message {
    case .figures(let job, let memory, let time):
      waiting.removeValue(forKey: job)?.resume(returning: .success(ProcessFigures(memory: memory, time: time)))
    case .failed(let job, let reason):
      waiting.removeValue(forKey: job)?.resume(returning: .failure(Refused(description: reason)))
    }
  }

  /// Opens what says how much memory and CPU time a process of this user uses.
  func figures(of pid: Int32) async throws(Refused) -> ProcessFigures {
    let job = nextJob
    nextJob += 1
    let result = await withCheckedContinuation { continuation in
      waiting[job] = continuation
      channel.send(ObserveRequest(job: job, pid: pid))
    }
    return try result.get()
  }
}
