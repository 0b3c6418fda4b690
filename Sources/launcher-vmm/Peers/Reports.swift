import AsyncLoop
import Channel
import Glog

/// What the scheduler is still to be told. Each report is kept until launcher-net says that it has left, so that
/// neither a crash of launcher-net nor a scheduler that is away loses it.
@LoopActor final class Reports {
  /// Reports kept at most; beyond it the oldest is given up, with a word in the log.
  private static let capacity = 4096

  private(set) var open: [(number: UInt64, request: UInt64?, report: Report)] = []
  /// Begins anywhere, so that an acknowledgement meant for an earlier run of this process meets nothing.
  private var nextNumber = UInt64.random(in: 0..<UInt64.max / 2)
  /// A report was dropped since there were none: one word in the log is enough for all.
  private var isDropping = false
  /// How often the log has had that word.
  private(set) var droppings = 0
  /// Called with each new report.
  var onNew: ((_ number: UInt64, _ request: UInt64?, Report) -> Void)?

  nonisolated init() {}

  /// Adds what a request has led to, which ends it; or what ends none.
  func add(_ report: Report, of request: Request? = nil) {
    if open.count == Self.capacity {
      if !isDropping {
        droppings += 1
        log.error("the scheduler was away for too long: dropping the oldest reports, first: \(open[0].report)")
      }
      isDropping = true
      open.removeFirst()
    }
    open.append((nextNumber, request?.number, report))
    onNew?(nextNumber, request?.number, report)
    nextNumber += 1
  }

  func acknowledge(_ number: UInt64) {
    open.removeAll { $0.number == number }
    if open.isEmpty { isDropping = false }
  }
}
