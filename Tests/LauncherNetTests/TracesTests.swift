import AsyncLoop
import SSNTP
import Testing

@testable import launcher_net

/// What these tests do happens at once; they borrow the loop's isolation without running the loop.
private func isolated(_ body: @LoopActor () throws -> Void) rethrows {
  try withoutActuallyEscaping(body) { try unsafeBitCast($0, to: (() throws -> Void).self)() }
}

private func start(label: String = "label", nodes: Int = 1) -> Frame {
  var frame = Frame.command(.start, origin: .zero)
  frame.beginTrace(at: .zero, .scheduler, GobTime(unixSeconds: 1, nanoseconds: 0)!)
  frame.trace?.label = Array(label.utf8)
  for _ in 1..<nodes { frame.stampReception(by: .zero, .agent, GobTime(unixSeconds: 2, nanoseconds: 0)!) }
  return frame
}

@Test func aTraceIsToldOnceWhenItsCommandIsDone() throws {
  try isolated {
    let traces = Traces()
    #expect(traces.follow(Frame.command(.start, origin: .zero)) == nil)
    let done = try #require(traces.follow(start(nodes: 2)))
    #expect(traces.takeReport() == nil)
    done()
    let report = String(decoding: try #require(traces.takeReport()), as: UTF8.self)
    #expect(report.contains("- label: \"label\"\n  type: \"COMMAND\"\n  operand: \"START\"\n"))
    #expect(report.contains("tx_timestamp: \"1970-01-01T00:00:01Z\"\n    rx_timestamp: \"\"\n"))
    #expect(
      report.contains("ssntp_role: \"CNAgent\"\n    tx_timestamp: \"\"\n    rx_timestamp: \"1970-01-01T00:00:02Z\""))
    #expect(!report.contains("end_timestamp: \"\""))
    #expect(traces.takeReport() == nil)
  }
}

@Test func whatIsKeptOfTracesIsBounded() throws {
  try isolated {
    let traces = Traces()
    #expect(traces.follow(start(nodes: Traces.maximumNodes)) != nil)
    #expect(traces.follow(start(nodes: Traces.maximumNodes + 1)) == nil)
    #expect(traces.follow(start(label: String(repeating: "l", count: Traces.maximumLabel + 1))) == nil)
    for number in 0...Traces.maximum { traces.follow(start(label: "<\(number)>"))?() }
    let report = String(decoding: try #require(traces.takeReport()), as: UTF8.self)
    #expect(!report.contains("<0>") && report.contains("<1>") && report.contains("<\(Traces.maximum)>"))
  }
}
