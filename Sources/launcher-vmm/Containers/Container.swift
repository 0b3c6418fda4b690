import AsyncLoop
import Channel
import Glog
import Instances
import Linux

/// A container that runs.
@LoopActor final class Container: Runner {
  let instance: Identifier
  nonisolated let state: ContainerEngine.State
  private let engine: ContainerEngine
  private(set) var hasEnded: Bool
  var onEnd: (() -> Void)?

  init(_ instance: Identifier, _ state: ContainerEngine.State, _ engine: ContainerEngine) {
    self.instance = instance
    self.state = state
    self.engine = engine
    hasEnded = !state.isRunning
  }

  nonisolated var name: String { "container \(state.id), process \(state.pid)" }
  var observed: ObserveRequest.Target? { .container(state.id) }
  var run: InstanceFile.Run? { .container(state.id) }

  /// The engine says that it does not run any more.
  func noticeEnd() {
    guard !hasEnded else { return }
    hasEnded = true
    onEnd?()
    onEnd = nil
  }

  /// By SIGTERM, and SIGKILL when `grace` is over: the engine sees to both.
  func stop(grace: Double, hurry: Gate, isHurried: () -> Bool) async throws {
    if !isHurried(), grace > 0 {
      let (engine, instance) = (engine, instance)
      LoopActor.start {
        guard await hurry.wait(until: .after(seconds: grace)), !self.hasEnded else { return }
        try? await engine.run(.kill(instance))
      }
    }
    StopPoint.powerDownAsked.reach()
    try await confirmEnd { try await engine.run(.stop(instance, grace: UInt16(clamping: Int(grace))), longer: grace) }
  }

  func end() async throws {
    if hasEnded { return }
    try await confirmEnd { try await engine.run(.kill(instance)) }
  }

  /// A command may fail because the container has just ended by itself: what counts is whether it runs.
  private func confirmEnd(_ command: () async throws -> Void) async throws {
    do {
      try await command()
    } catch {
      guard try await engine.inspect(instance)?.isRunning != true else { throw error }
    }
    noticeEnd()
  }
}
