import Foundation
import Testing

extension Integration {
  /// Frames that carry their way through the cluster, by a peer with Go's own encoding.
  @Suite struct TraceTests {
    @Test func `a traced START is reported with the next STATS, with the way that it came`() async throws {
      try await Node.run { node in
        let payload = StartPayload()
        let mark = try node.mark
        for (label, text) in [("a label", payload.text), ("a failure", "start: [")] {
          try node.peer.do(["do": "send", "type": "COMMAND", "operand": "START", "payload": text, "trace": label])
        }
        for label in ["a label", "a failure"] {
          let report = try await node.frame("the report of \(label)", since: mark) {
            $0.type == "EVENT" && $0.operand == "TraceReport" && $0.payload.contains("- label: \"\(label)\"\n")
          }
          #expect(node.frames(since: 0)[report.index - 1].isStats)
          let lines = report.payload.split(separator: "\n").map { $0.trimmingCharacters(in: ["-", " "]) }
          let start = try #require(lines.firstIndex(of: "label: \"\(label)\""))
          let trace = Array(lines[start..<start + 14])
          #expect(trace[1...2] == ["type: \"COMMAND\"", "operand: \"START\""])
          #expect(
            trace.filter { $0.hasPrefix("ssntp_role") } == ["ssntp_role: \"Scheduler\"", "ssntp_role: \"CNAgent\""])
          let uuid = try #require(node.peer.events.last { $0.event == "connected" }?.uuid)
          #expect(trace.filter { $0.hasPrefix("ssntp_node_uuid") }.last == "ssntp_node_uuid: \"\(uuid)\"")
          // The scheduler sent it before this node received it, and that was before it was done with.
          let times = try trace.filter { $0.contains("_timestamp: \"2") }.map { line in
            try Date(
              String(line.split(separator: "\"")[1]),
              strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true))
          }
          #expect(times.count == 4 && times[0] <= times[2] && times[2] <= times[3] && times[3] <= times[1])
        }
        #expect(node.frames(since: mark).filter { $0.operand == "TraceReport" }.count <= 2)
      }
    }

    @Test func `frames are traced while the scheduler's configuration asks for it`() async throws {
      try await Node.run { node in
        func traced() -> [Bool] { node.peer.events.filter { $0.event == "frame" }.compactMap(\.traced) }
        try await node.frame("STATS") { $0.isStats }
        #expect(!traced().contains(true))
        for wish in [true, false] {
          try node.send("CONFIGURE", "configure: {launcher: {trace: \(wish)}}")
          try await node.settle()
          let mark = try node.mark
          try await node.frame("STATS", since: mark) { $0.isStats }
          #expect(traced()[mark...].allSatisfy { $0 == wish })
        }
        #expect(!node.peer.events.contains { $0.event == "violation" })
      }
    }
  }
}
