import AsyncLoop
import Channel
import Linux
import Loop

/// Open files that tell of a process, or of a container, for as long as it lives.
@LoopActor final class ProcessFigures {
  let memory: Descriptor
  let time: Descriptor

  fileprivate init(memory: Descriptor, time: Descriptor) {
    self.memory = memory
    self.time = time
  }
}

/// The manager's side of the observer.
@LoopActor final class ObserverClient {
  private var channel: Channel<ObserveAnswer, ObserveRequest>!
  private let pending = PendingAnswers<ProcessFigures>()

  /// `onLost` is called when the observer has ended.
  init(_ socket: Descriptor, onLost: @escaping (String) -> Void) {
    channel = Channel(
      socket, loop: LoopActor.loop, onMessage: { [unowned self] in handle($0) }, onClose: { onLost($0) })
  }

  /// What the observer may say.
  private func handle(_ message: ObserveAnswer) {
    switch message {
    case .figures(let job, let memory, let time): pending.answer(job, ProcessFigures(memory: memory, time: time))
    case .failed(let job, let reason): pending.refuse(job, reason)
    }
  }

  /// Opens what says how much memory and CPU time somebody uses.
  func figures(of target: ObserveRequest.Target) async throws(Refused) -> ProcessFigures {
    try await pending.ask { channel.send(ObserveRequest(job: $0, target)) }
  }
}
