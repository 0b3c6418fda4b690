import AsyncLoop
import Linux
import Loop

/// Work that waits for the disk, and everything else with it: this process has one thread, and a sync may take as long as
/// the disk likes. One piece is done between two looks at what else has happened, first come, first served, so that
/// many instances that are made at once keep nobody waiting longer than the disk does.
@LoopActor final class DiskLane {
  private var isTaken = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  nonisolated init() {}

  /// Does a piece of work when it is its turn.
  func run<Result, Failure: Error>(_ work: () throws(Failure) -> Result) async throws(Failure) -> Result {
    if isTaken { await withCheckedContinuation { waiting.append($0) } }
    isTaken = true
    // Timers run behind what is ready.
    defer { LoopActor.loop.schedule(at: .now) { self.giveOn() } }
    return try work()
  }

  private func giveOn() {
    if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
  }
}
