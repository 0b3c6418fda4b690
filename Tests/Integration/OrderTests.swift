import Foundation
import Testing

extension Integration {
  /// Work on one instance in its order of arrival, on different instances side by side.
  @Suite struct OrderTests {
    @Test func `two STARTs of one instance sent together make one instance and one failure`() async throws {
      try await Node.run { node in
        let payload = StartPayload()
        let instance = payload.instance
        for _ in 0..<2 { try node.send("START", payload.text) }
        try await node.state("active", of: instance)
        try await node.frame("the failure of the second") { $0.type == "ERROR" }
        try await node.settle()
        let errors = node.frames(since: 0).filter { $0.type == "ERROR" }
        #expect(errors.count == 2, "the second, and the one of `settle`")
        #expect(errors[0].isError("StartFailure", "already_running", of: instance), "\(errors[0])")
        #expect(node.machines(instance).count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: node.instances) == [instance])
      }
    }

    @Test func `DELETE right behind START leaves nothing`() async throws {
      try await Node.run { node in
        let before = node.files
        let payload = StartPayload()
        try node.send("START", payload.text)
        try await node.delete(payload.instance)
        try await node.settle()
        #expect(node.files == before)
        #expect(node.machines(payload.instance).isEmpty)
        #expect(node.frames(since: 0).filter { $0.type == "ERROR" }.count == 1, "only the one of `settle`")
      }
    }

    @Test func `commands of one instance are carried out in order`() async throws {
      try await Node.run { node in
        let payload = StartPayload()
        let instance = payload.instance
        try node.send("START", payload.text)
        for command in ["STOP", "STOP", "RESTART", "RESTART", "DELETE", "DELETE"] {
          try node.send(command, of: instance)
        }
        try node.send("START", payload.text)
        try await node.state("active", of: instance)
        let told = node.frames(since: 0).filter { $0.type == "ERROR" || $0.type == "EVENT" }
        #expect(
          told.map { $0["reason"] ?? $0.operand } == [
            "already_stopped", "already_running", "InstanceDeleted", "no_instance",
          ])
        #expect(told.allSatisfy { $0["instance_uuid"] == instance })
      }
    }

    @Test func `work on one instance does not wait for another's`() async throws {
      // The first guest does not heed the power button, so its STOP takes the whole hour unless a DELETE comes.
      try await Node.run(Node.Options(["stop-grace": "1h"])) { node in
        let slow = try await node.startInstance()
        try node.send("STOP", of: slow)
        let payloads = (0..<4).map { _ in StartPayload() }
        for payload in payloads { try node.send("START", payload.text) }
        for payload in payloads { try await node.state("active", of: payload.instance) }
        for payload in payloads { try await node.delete(payload.instance) }
        #expect(node.machines(slow).count == 1)
        try await node.delete(slow)
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }
  }
}
