import Foundation
import Testing

extension Integration {
  /// A scheduler with the numbers that commands and errors have since 2017, by a peer with a table of its own.
  @Suite struct DialectTests {
    private static let options = {
      var options = Node.Options(["ssntp-dialect": "2018"])
      options.peer = ["-dialect", "2018"]
      return options
    }()

    @Test func `a scheduler of the newer dialect is understood and understands`() async throws {
      try await Node.run(Self.options) { node in
        let instance = try await node.startInstance()
        let mark = try node.mark
        var second = StartPayload()
        second.instance = instance
        try node.send("START", second.text)
        try await node.frame("StartFailure", since: mark) { $0.isError("StartFailure", of: instance) }
        try await node.delete(instance)
        try node.send("DELETE", of: instance)
        try await node.frame("DeleteFailure", since: mark) { $0.isError("DeleteFailure", "no_instance", of: instance) }
        #expect(!node.peer.events.contains { $0.event == "violation" })
      }
    }

    @Test func `the other commands and failures of the newer dialect have their numbers`() async throws {
      try await Node.run(Self.options) { node in
        var mark = try node.mark
        try node.send("CONFIGURE", "configure: [")
        try await node.frame("InvalidConfiguration", since: mark) { $0.isError("InvalidConfiguration") }
        mark = try node.mark
        let nobody = UUID().uuidString.lowercased()
        try node.send(
          "AttachVolume",
          "attach_volume: {instance_uuid: \(nobody), volume_uuid: \(nobody), workload_agent_uuid: \(node.uuid)}")
        try await node.frame("AttachVolumeFailure", since: mark) {
          $0.isError("AttachVolumeFailure", "no_instance", of: nobody)
        }
        try await node.evacuate()
        try await node.restore()
      }
    }

    @Test(arguments: ["ConnectionAborted", "ConnectionFailure"])
    func `a refusal has its name in the newer dialect`(refusal: String) async throws {
      try await Node.run(Self.options) { node in
        try node.peer.do(["do": "refuse", "with": refusal])
        try node.peer.do(["do": "drop"])
        let words = refusal == "ConnectionAborted" ? "refused this node's credentials" : "ERROR ConnectionFailure"
        try await node.wait("the refusal in the log") { node.log.contains(words) }
      }
    }
  }
}
