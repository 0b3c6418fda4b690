import Channel
import Instances
import Testing

@testable import launcher_vmm

/// A scheduler that is away for long costs the oldest reports, and no more memory than the rest takes.
@Test func reportsAreKeptInOrderUpToTheirBound() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let reports = Reports()
      let all = (0..<5000).map { Report.failure(.stop, Identifier(String($0, radix: 16))!, .noInstance) }
      for report in all { reports.add(report) }
      #expect(reports.open.count == 4096)
      #expect(reports.open.map(\.2) == Array(all.suffix(4096)))
      #expect(reports.droppings == 1, "one word in the log for all")
      let first = reports.open[0].number
      reports.acknowledge(first)
      reports.acknowledge(first)
      #expect(reports.open.map(\.2) == Array(all.suffix(4095)))
    }
  }
}
