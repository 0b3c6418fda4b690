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
