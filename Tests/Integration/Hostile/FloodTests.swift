import Foundation
import Testing

extension Integration {
  /// More than the node can take at once.
  @Suite struct FloodTests {
    @Test func `10000 frames of an unknown type are answered, and 10000 of an unknown operand told once`() async throws
    {
      try await Node.run { node in
        let bystander = try Bystander(node, try await node.startInstance())
        let mark = try node.mark
        for (type, operand) in [("77", "0"), ("COMMAND", "99")] {
          // Nothing that differs from one frame to the next may be remembered of each.
          try node.peer.do([
            "do": "flood", "count": 10_000, "type": type, "operand": operand, "origins": true,
          ])
        }
        try await node.wait("the floods to be sent") { node.peer.events.filter { $0.event == "flooded" }.count == 2 }
        try await node.settle()
        #expect(node.frames(since: mark).filter { $0.isError("InvalidFrameType") }.count == 10_000)
        #expect(node.log.split(separator: "\n").filter { $0.contains("ignoring ") }.count == 2)
        try await bystander.check()
      }
    }

    @Test func `a flood of STARTs waits in the peer's TCP window, and nothing of it is lost`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        let bystander = try Bystander(node, instance)
        let vmm = try node.pid(of: .vmm)
        kill(vmm, SIGSTOP)
        defer { kill(vmm, SIGCONT) }
        var payload = StartPayload()
        payload.image = "absent"
        payload.userData = "padding: \(String(repeating: "x", count: 65_536))\n"
        let mark = try node.mark
        try node.peer.do([
          "do": "flood", "count": Self.flood, "type": "COMMAND", "operand": "START", "payload": payload.text,
        ])
        try await node.wait("the flood to stand still") { try Self.waitsInWindow(of: node) }
        #expect(!node.peer.events.contains { $0.event == "flooded" })
        kill(vmm, SIGCONT)
        try await node.wait("the flood to be sent") { node.peer.events.contains { $0.event == "flooded" } }
        // Behind the flood.
        try await node.settle()
        try await node.wait("all answers") {
          try node.peer.read()
          return node.frames(since: mark).filter { $0.isError("StartFailure", "image_failure") }.count == Self.flood
        }
        try await bystander.check()
      }
    }

    @Test func `STOP and DELETE of other instances get through while STARTs are in hand`() async throws {
      // The guest does not heed the power button: what comes for the same instance waits behind its STOP.
      try await Node.run(Node.Options(["stop-grace": "1h"])) { node in
        let (slow, other) = (try await node.startInstance(), try await node.startInstance())
        try node.send("STOP", of: slow)
        var payload = StartPayload()
        payload.instance = slow
        let mark = try node.mark
        // With the STOPs below fewer than launcher-net keeps open.
        try node.peer.do(["do": "flood", "count": 250, "type": "COMMAND", "operand": "START", "payload": payload.text])
        try await node.wait("the flood to be sent") { node.peer.events.contains { $0.event == "flooded" } }
        try await node.settle()
        try await node.delete(other)
        #expect(!node.frames(since: mark).contains { $0.isError("StartFailure") }, "the STARTs still wait")
        try node.send("DELETE", of: slow)
        try await node.frame("the end of the slow one", since: mark) { $0.isDeleted(slow) }
        #expect(node.frames(since: mark).filter { $0.isError("StartFailure", of: slow) }.count == 250)
      }
    }

    /// With 64 KiB each twice what 256 in hand and sockets hold.
    private static let flood = 1000

    /// Whether bytes for launcher-net wait on both sides of its connection (proc(5), /proc/net/tcp).
    private static func waitsInWindow(of node: Node) throws -> Bool {
      let port = String(node.port, radix: 16, uppercase: true)
      let rows = try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8).split(separator: "\n").map {
        $0.split(separator: " ")
      }
      func queues(_ address: Int) -> [Int] {
        rows.first { $0.count > 4 && $0[address].hasSuffix(":\(port)") && $0[3] == "01" }?[4].split(separator: ":")
          .compactMap { Int($0, radix: 16) } ?? [0, 0]
      }
      // Sent by the peer and not taken; received by launcher-net and not read.
      return queues(1)[0] > 0 && queues(2)[1] > 0
    }
  }
}
