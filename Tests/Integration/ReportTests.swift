import Foundation
import Testing

extension Integration {
  /// What the node says of itself without being asked for.
  @Suite struct ReportTests {
    @Test func `the node is FULL with as many instances as -max-vm, whatever their state, and READY below`()
      async throws
    {
      try await Node.run(Node.Options(["max-vm": "2"])) { node in
        #expect(try await node.frame("the first status") { $0.isStatus }.operand == "READY")
        var mark = try node.mark
        let first = try await node.startInstance()
        #expect(try await node.frame("a status", since: mark) { $0.isStatus }.operand == "READY")

        mark = try node.mark
        let second = try await node.startInstance()
        let full = try await node.frame("a status", since: mark) { $0.isStatus }
        #expect(full.operand == "FULL")
        #expect(full["mem_total_mb"] != nil)
        #expect(try await node.frame("STATS", since: full.index) { $0.isStats }["status"] == "FULL")

        mark = try node.mark
        try node.send("STOP", of: first)
        try await node.state("exited", of: first)
        #expect(!node.frames(since: mark).contains { $0.isStatus && $0.operand == "READY" })

        try await node.delete(second)
        #expect(try await node.frame("a status", since: mark) { $0.isStatus }.operand == "READY")
      }
    }

    @Test func `STATS come at connect and then -stats-interval apart`() async throws {
      let began = ContinuousClock.now
      try await Node.run(Node.Options(["stats-interval": "2s"])) { node in
        try await node.wait("three STATS") { node.frames(since: 0).filter(\.isStats).count >= 3 }
        // Two whole intervals lie between the first and the third; a slow machine makes it more, never less.
        #expect(ContinuousClock.now - began >= .seconds(4))
      }
    }

    @Test func `a long -stats-interval means one STATS`() async throws {
      try await Node.run(Node.Options(["stats-interval": "1h"])) { node in
        try await node.frame("the first STATS") { $0.isStats }
        let mark = try node.mark
        try node.send("START", StartPayload().text)
        try await node.frame("a status after START", since: mark) { $0.isStatus }
        try await node.settle()
        #expect(node.frames(since: 0).filter(\.isStats).count == 1)
      }
    }

    @Test func `a frame of an unknown type is answered by InvalidFrameType, an unknown operand not at all`()
      async throws
    {
      try await Node.run { node in
        var mark = try node.mark
        try node.peer.do(["do": "send", "type": 9, "operand": 1, "payload": "what"])
        let answer = try await node.frame("an error", since: mark) { $0.type == "ERROR" }
        #expect(answer.operand == "InvalidFrameType")
        #expect(answer.payload.isEmpty)

        mark = try node.mark
        for (type, operand) in [("COMMAND", 200), ("STATUS", 200), ("EVENT", 200), ("ERROR", 200), ("COMMAND", 4)] {
          try node.peer.do(["do": "send", "type": type, "operand": operand, "payload": "start: {}"])
        }
        try await node.settle()
        #expect(node.frames(since: mark).filter { $0.type == "ERROR" }.count == 1, "\(node.frames(since: mark))")
        #expect(node.connections == 1)
      }
    }
  }
}
