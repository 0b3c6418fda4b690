import AsyncLoop
import Glog
import Linux
import Loop

/// Says in the log how the fetch of an image goes, for as long as it lasts: also while the tool itself is silent.
@LoopActor final class FetchProgress {
  /// Seconds between two lines.
  private static let interval = 5.0

  private let subject: String
  private let started = Moment.now
  private var timer: EventLoop.Timer?
  /// What the tool said last; nil: nothing.
  private(set) var lastWords: String?

  /// - subject: what is fetched, and for whom.
  init(_ subject: String) {
    self.subject = subject
    log.info(subject)
    schedule()
  }

  func hear(_ line: String) { lastWords = line }

  func end() {
    if let timer { LoopActor.loop.cancel(timer) }
  }

  private func schedule() {
    timer = LoopActor.loop.schedule(at: .after(seconds: Self.interval)) { [weak self] in
      guard let self else { return }
      log.info("\(self.subject): \(Int(self.started.age)) s so far, \(self.lastWords ?? "the tool has said nothing")")
      self.schedule()
    }
  }
}
