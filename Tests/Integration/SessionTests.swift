import Foundation
import Testing

extension Integration {
  /// The connection to the scheduler comes back whatever became of it, and loses nothing that launcher has to tell.
  @Suite struct SessionTests {
    @Test(arguments: ["drop", "close"])
    func `a connection that the server ends is made again`(how: String) async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        let mark = try node.mark
        try node.peer.do(["do": how])
        try await node.wait("the second connection") { node.connections == 2 }
        let status = try await node.frame("a status", since: mark) { $0.isStatus && $0.client == 2 }
        #expect(status.operand == "READY")
        let stats = try await node.frame("STATS", since: mark) { $0.isStats && $0.client == 2 }
        #expect(stats.instances[instance]?["state"] == "active")
      }
    }

    @Test func `what happens while no server is there is told once and in order when one is`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        // The commands reach launcher-net and wait for launcher-vmm, which goes on when the server has gone.
        let vmm = try node.pid(of: .vmm)
        kill(vmm, SIGSTOP)
        let mark = try node.mark
        for command in ["DELETE", "DELETE", "STOP"] { try node.send(command, of: instance) }
        try node.send("STOP", "stop: [")
        try await node.frame("the answer that needs no launcher-vmm", since: mark) {
          $0.isError("StopFailure", "invalid_payload")
        }
        try node.peer.do(["do": "refuse", "with": "ConnectionFailure"])
        try node.peer.do(["do": "drop"])
        try await node.wait("the connection to end") { node.peer.events.contains { $0.event == "disconnected" } }
        kill(vmm, SIGCONT)
        try await node.wait("the commands to be carried out") {
          node.log.contains("\(instance): STOP failed with no_instance")
        }
        let back = try node.mark
        try node.peer.do(["do": "refuse", "with": ""])
        try await node.wait("the node to connect again") { node.connections == 2 }
        try await node.settle()
        let told = node.frames(since: back).filter { $0.type == "ERROR" || $0.type == "EVENT" }
        #expect(told.count == 4, "these three, and the one of `settle`")
        #expect(told.prefix(3).map(\.operand) == ["InstanceDeleted", "DeleteFailure", "StopFailure"])
        #expect(told.prefix(3).allSatisfy { $0["instance_uuid"] == instance })
      }
    }

    @Test(arguments: ["ConnectionAborted", "ConnectionFailure", "close"])
    func `a node that is refused tries again until it is accepted`(refusal: String) async throws {
      try await Node.run { node in
        try node.peer.do(["do": "refuse", "with": refusal])
        try node.peer.do(["do": "drop"])
        try await node.wait("two refusals") { node.peer.events.filter { $0.event == "refused" }.count >= 2 }
        try node.peer.do(["do": "refuse", "with": ""])
        try await node.wait("the second connection") { node.connections == 2 }
        let uuids = Set(node.peer.events.compactMap(\.uuid))
        #expect(uuids.count == 1, "the node keeps its UUID")
      }
    }

    @Test func `a server that does not answer CONNECT and goes away is followed by the next`() async throws {
      try await Node.run { node in
        try node.peer.do(["do": "silent"])
        try node.peer.do(["do": "drop"])
        try await node.wait("a CONNECT that is not answered") { node.peer.events.contains { $0.event == "silent" } }
        try await node.replacePeer()
        try await node.wait("the connection to the next server") { node.connections == 1 }
        try await node.frame("a status") { $0.isStatus }
      }
    }

    @Test func `a node keeps its UUID, which is in its file`() async throws {
      try await Node.run { node in
        try await node.stopLauncher()
        try await node.startLauncher()
        let uuids = node.peer.events.filter { $0.event == "connected" }.map(\.uuid)
        #expect(uuids.count == 2)
        #expect(uuids[0] == uuids[1])
        let file = "\(node.stateFolder)/local/uuid-storage/role/client/0x4"
        #expect(try String(contentsOfFile: file, encoding: .utf8) == uuids[0])
      }
    }

    @Test func `a frame that comes in pieces is read as one`() async throws {
      try await Node.run { node in
        let mark = try node.mark
        try node.peer.do([
          "do": "send", "type": "COMMAND", "operand": "STOP", "payload": "stop: {instance_uuid: 0a}", "chunk": 1,
        ])
        try await node.frame("the answer", since: mark) { $0.isError("StopFailure", "no_instance", of: "0a") }
      }
    }
  }
}
