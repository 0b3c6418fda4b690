import AsyncLoop

/// A child of launcher-vmm's did not do what the manager asked for: what it says.
struct Refused: Error, CustomStringConvertible {
  let description: String
}

/// What the manager has asked a child for and has no answer to yet, by the number that question and answer carry.
@LoopActor final class PendingAnswers<Answer: Sendable> {
  private var next: UInt64 = 1
  private var waiting: [UInt64: CheckedContinuation<Result<Answer, Refused>, Never>] = [:]

  /// Asks, with a new number, and waits for the answer.
  func ask(_ send: (UInt64) -> Void) async throws(Refused) -> Answer {
    let job = next
    next += 1
    let result = await withCheckedContinuation { continuation in
      waiting[job] = continuation
      send(job)
    }
    return try result.get()
  }

  /// An answer to what nobody asked, or that came already, is passed over.
  func answer(_ job: UInt64, _ answer: Answer) { waiting.removeValue(forKey: job)?.resume(returning: .success(answer)) }

  func refuse(_ job: UInt64, _ reason: String) {
    waiting.removeValue(forKey: job)?.resume(returning: .failure(Refused(description: reason)))
  }
}
