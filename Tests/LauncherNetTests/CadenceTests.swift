import Linux
import Testing

@testable import launcher_net

private let cadence = Cadence(seconds: 30)

private func seconds(_ seconds: Double) -> Moment { Moment(nanoseconds: Int64(seconds * 1e9)) }

/// Each report is late by some milliseconds, as timers are: the thousandth is due when it would be without.
@Test func statsDoNotDrift() {
  var due = seconds(100)
  for _ in 0..<1000 { due = cadence.next(after: due, now: Moment(nanoseconds: due.nanoseconds + 4_000_000)) }
  #expect(due == seconds(100 + 1000 * 30))
}

@Test func aPauseIsNotMadeUpForByABurst() {
  let next = cadence.next(after: seconds(0), now: seconds(95))
  #expect(next == seconds(125))
  #expect(cadence.next(after: next, now: next) == seconds(155))
}

@Test func theLastReportCountsAlsoAtTheEndOfAnInterval() {
  #expect(cadence.next(after: seconds(0), now: seconds(29.9)) == seconds(30))
  #expect(cadence.next(after: seconds(0), now: seconds(30)) == seconds(60))
}
