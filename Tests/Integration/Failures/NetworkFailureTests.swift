import Foundation
import Testing

extension Integration {
  @Suite struct NetworkFailureTests {
    @Test func `network_failure: a tunnel that the kernel cannot make leaves neither folder nor device`() async throws {
      // Where the kernel has GRE, the compute network's address goes instead.
      try await Node.run(Node.Options(.cn)) { node in
        try node.setComputeAddress(isThere: false)
        let payload = StartPayload.workload(host: 2)
        let mark = try node.mark
        try await node.expectFailure("StartFailure", "network_failure", of: payload.instance, by: "START", payload.text)
        #expect(try node.devices().isEmpty)
        #expect(!node.frames(since: mark).contains { $0.type == "EVENT" })
        try expectLog(of: node, "START failed with network_failure", "find the compute network")
        try node.setComputeAddress(isThere: true)
        _ = try await node.startInstance(payload)
        try await node.delete(payload.instance)
      }
    }

    @Test func `network_failure: RESTART without the compute network, and with it again`() async throws {
      try await Node.run(Node.Options(.cn)) { node in
        let payload = StartPayload.workload(host: 2)
        _ = try await node.startInstance(payload)
        try node.send("STOP", of: payload.instance)
        try await node.state("exited", of: payload.instance)
        try node.setComputeAddress(isThere: false)
        try await node.expectFailure(
          "RestartFailure", "network_failure", of: payload.instance, by: "RESTART",
          "restart:\n  instance_uuid: \(payload.instance)\n")
        #expect(node.machines(payload.instance).isEmpty)
        try node.setComputeAddress(isThere: true)
        try node.send("RESTART", of: payload.instance)
        try await node.state("active", of: payload.instance)
        try await node.delete(payload.instance)
        #expect(try node.devices().isEmpty)
      }
    }

    @Test func `invalid_data: a place in a tenant's network that this kind of node cannot give`() async throws {
      try await Node.run(Node.Options(.cn)) { node in
        let cases: [(String, (inout StartPayload) -> Void)] = [
          ("`vnic_mac` is missing", { $0.networking = [:] }),
          ("`vnic_mac` is missing", { $0.networking["vnic_mac"] = nil }),
          ("`vnic_mac` is ", { $0.networking["vnic_mac"] = "03:00:00:00:00:01" }),
          ("`private_ip` is 192.168.8.0", { $0.networking["private_ip"] = "192.168.8.0" }),
          ("`private_ip` is 192.168.15.255", { $0.networking["private_ip"] = "192.168.15.255" }),
          ("`private_ip` is 192.168.16.1", { $0.networking["private_ip"] = "192.168.16.1" }),
          ("`concentrator_ip` is missing", { $0.networking["concentrator_ip"] = nil }),
          ("`concentrator_ip` is 224.0.0.1", { $0.networking["concentrator_ip"] = "224.0.0.1" }),
          ("`concentrator_uuid` is ", { $0.networking["concentrator_uuid"] = "x" }),
          ("`subnet` is ", { $0.networking["subnet"] = "192.168.8.0" }),
          ("`network_node` asks for a network node", { $0.isNetworkNode = true }),
        ]
        for (text, change) in cases {
          var payload = StartPayload.workload(host: 2)
          change(&payload)
          try await node.expectFailure("StartFailure", "invalid_data", of: payload.instance, by: "START", payload.text)
          try expectLog(of: node, payload.instance, text)
        }
        #expect(try node.devices().isEmpty)
      }
    }

    @Test func `invalid_data: a workload on a network node`() async throws {
      try await Node.run(Node.Options(.nn)) { node in
        let payload = StartPayload.workload(host: 2)
        try await node.expectFailure("StartFailure", "invalid_data", of: payload.instance, by: "START", payload.text)
        try expectLog(of: node, payload.instance, "without `network_node` it asks for a compute node")
      }
    }
  }
}
