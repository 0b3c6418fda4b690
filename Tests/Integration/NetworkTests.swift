import Foundation
import Testing

extension Integration {
  /// Instances in their tenants' networks, with the kernel's own bridges, tunnels and taps.
  @Suite struct NetworkTests {
    private func tenantEvents(_ node: Node, since mark: Node.Mark = 0) -> [Frame] {
      node.frames(since: mark).filter { $0.type == "EVENT" && $0.operand.hasPrefix("Tenant") }
    }

    @Test func `START makes a subnet's devices, DELETE removes them, and the scheduler hears of the subnet once`()
      async throws
    {
      try await Node.run(Node.Options(.cn)) { node in
        let payloads = (2...4).map { StartPayload.workload(host: $0) }
        let mark = try node.mark
        for payload in payloads { try node.send("START", payload.text) }
        for payload in payloads { try await node.state("active", of: payload.instance) }
        #expect(try node.devices("bridge").count == 1)
        #expect(try node.devices("vxlan").count == 1)
        #expect(try node.devices("tun").count == 3)
        #expect(try node.devices("tun").allSatisfy { $0.mtu == 1450 })
        for payload in payloads {
          let arguments = ProcessTable.arguments(of: try node.machine(payload.instance)).joined(separator: " ")
          #expect(arguments.contains("mac=\(payload.networking["vnic_mac"]!),host_mtu=1450"))
          #expect(arguments.contains("-netdev tap,id=net0,fd=5"))
        }
        let added = tenantEvents(node, since: mark)
        #expect(added.map(\.operand) == ["TenantAdded"], "\(added)")
        try expectEvent(added.first, payloads[0], node)

        // STOP keeps the vnic.
        try node.send("STOP", of: payloads[0].instance)
        try await node.state("exited", of: payloads[0].instance)
        #expect(try node.devices(of: payloads[0].instance).count == 1)
        try node.send("RESTART", of: payloads[0].instance)
        try await node.state("active", of: payloads[0].instance)
        #expect(try node.devices("tun").count == 3)

        for payload in payloads { try await node.delete(payload.instance) }
        #expect(try node.devices().map(\.ifname) == [])
        let events = node.frames(since: mark).filter { $0.type == "EVENT" }.map(\.operand)
        #expect(
          events == ["TenantAdded", "InstanceDeleted", "InstanceDeleted", "TenantRemoved", "InstanceDeleted"],
          "\(events)")
        try expectEvent(tenantEvents(node, since: mark).last, payloads[0], node)
        #expect(!node.frames(since: mark).contains { $0.type == "ERROR" })
      }
    }

    private func expectEvent(_ event: Frame?, _ payload: StartPayload, _ node: Node) throws {
      let event = try #require(event)
      let uuid = node.peer.events.last { $0.event == "connected" }?.uuid
      #expect(event["agent_uuid"] == uuid)
      #expect(event["agent_ip"] == Node.computeAddress)
      #expect(event["tenant_uuid"] == payload.tenant)
      #expect(event["tenant_subnet"] == "192.168.8.0/21")
      #expect(event["concentrator_uuid"] == Node.concentrator)
      #expect(event["concentrator_ip"] == Node.concentratorAddress)
      // 192.168.8.0: c0 a8 08 00, read from its little end.
      #expect(event["subnet_key"] == "567488")
    }

    @Test func `each tenant and subnet has devices and events of its own`() async throws {
      try await Node.run(Node.Options(.cn)) { node in
        let mark = try node.mark
        var payloads = ["a1", "b2"].map { StartPayload.workload(host: 2, tenant: $0) }
        // Subnets with one address would be one VXLAN to the kernel.
        payloads[1].networking["subnet"] = "192.168.16.0/21"
        payloads[1].networking["private_ip"] = "192.168.16.2"
        for payload in payloads { try node.send("START", payload.text) }
        for payload in payloads { try await node.state("active", of: payload.instance) }
        #expect(try node.devices("bridge").count == 2)
        for payload in payloads { try await node.delete(payload.instance) }
        let events = tenantEvents(node, since: mark)
        #expect(events.prefix(2).allSatisfy { $0.operand == "TenantAdded" })
        #expect(Set(events.prefix(2).compactMap { $0["tenant_uuid"] }) == ["a1", "b2"])
        #expect(
          events.dropFirst(2).map { "\($0.operand) \($0["tenant_uuid"] ?? "")" } == [
            "TenantRemoved a1", "TenantRemoved b2",
          ])
      }
    }

    @Test func `STATS name the compute interfaces with address and MAC`() async throws {
      try await Node.run(Node.Options(.cn)) { node in
        let stats = try await node.frame("STATS") { $0.isStats }
        let mac = try node.computeMAC()
        #expect(stats.payload.contains("networks:\n- ip: \"\(Node.computeAddress)\"\n  mac: \"\(mac)\"\n"))
      }
    }

    @Test func `a guest on its tenant's network has the MAC of its vnic`() async throws {
      try await Node.run(Node.Options(.cn)) { node in
        var payload = StartPayload.workload(host: 9)
        payload.image = Node.image
        payload.memory = 128
        _ = try await node.startInstance(payload)
        try await node.wait("the guest", within: 120) { node.console(payload.instance).contains("GUEST-READY") }
        #expect(node.console(payload.instance).contains("GUEST-MAC: 02:00:e6:f5:af:09"))
        try await node.delete(payload.instance)
        #expect(try node.devices().isEmpty)
      }
    }

    @Test func `a launcher-vmm that is killed leaves machines and taps as they are, and the next one goes on`()
      async throws
    {
      try await Node.run(Node.Options(.cn)) { node in
        let payloads = (2...3).map { StartPayload.workload(host: $0) }
        for payload in payloads { _ = try await node.startInstance(payload) }
        let machines = try payloads.map { try node.machine($0.instance) }
        let devices = try node.devices().map(\.ifindex)
        let mark = try node.mark
        let vmm = try node.pid(of: .vmm)
        kill(vmm, SIGKILL)
        try await node.wait("another launcher-vmm") { node.find(.vmm).map { $0 != vmm } ?? false }
        for payload in payloads { try await node.state("active", of: payload.instance) }
        #expect(try payloads.map { try node.machine($0.instance) } == machines)
        #expect(try node.devices().map(\.ifindex) == devices)
        #expect(tenantEvents(node, since: mark).isEmpty)
        for payload in payloads { try await node.delete(payload.instance) }
        #expect(try node.devices().isEmpty)
        #expect(tenantEvents(node, since: mark).map(\.operand) == ["TenantRemoved"])
      }
    }

    @Test func `hard-reset removes the networks of all instances, and says so`() async throws {
      try await Node.run(Node.Options(.cn)) { node in
        let payloads = (2...3).map { StartPayload.workload(host: $0) }
        for payload in payloads { _ = try await node.startInstance(payload) }
        try await node.stopLauncher()
        let (status, output) = try node.runLauncher(["-hard-reset"])
        #expect(status == 0, "\(output)")
        for payload in payloads { #expect(output.contains("\(payload.instance): its network was removed")) }
        #expect(output.contains("hard reset of networks: 2 removed"))
        #expect(try node.devices().isEmpty)
        try await node.startLauncher()
      }
    }

    @Test func `an instance of a network node is on the compute network, and is told the scheduler`() async throws {
      try await Node.run(Node.Options(.nn)) { node in
        #expect(node.peer.events.last { $0.event == "connected" }?.role == "netagent")
        let mark = try node.mark
        let payload = StartPayload.networkNode()
        try node.send("START", payload.text)
        try await node.giveMacvtap(of: payload.instance)
        try await node.state("active", of: payload.instance)
        let macvtap = try #require(try node.devices(of: payload.instance).first)
        #expect(macvtap.kind == "macvtap" && macvtap.address == "02:00:e6:f5:b0:01")
        let stats = try #require(node.frames(since: mark).last { $0.isStats }?.instances[payload.instance])
        #expect(stats["ssh_ip"] == "" && stats["ssh_port"] == "0")
        let drive = "\(node.instances)/\(payload.instance)/ciao.iso"
        #expect(try node.readDrive(drive, "/ciao.yaml") == "scheduler_addr: 127.0.0.1\n")
        let arguments = ProcessTable.arguments(of: try node.machine(payload.instance)).joined(separator: " ")
        #expect(arguments.contains("ciao.iso\",\"read-only\":true"))
        try await node.delete(payload.instance)
        #expect(try node.devices().isEmpty)
        #expect(tenantEvents(node, since: mark).isEmpty)
      }
    }
  }
}

extension Node {
  /// A file within an ISO image, and the image's label must be the one that guests look for.
  fileprivate func readDrive(_ image: String, _ path: String) throws -> String {
    let out = "\(folder)/extracted-\(UUID().uuidString)"
    try ChildProcess.run(["/usr/bin/xorriso", "-no_rc", "-osirrox", "on", "-indev", image, "-extract", path, out])
    let label = try #require(FileHandle(forReadingAtPath: image)).read(upToCount: 16 * 2048 + 44).map {
      String(decoding: $0.suffix(4), as: UTF8.self)
    }
    #expect(label == "ciao")
    return try String(contentsOfFile: out, encoding: .utf8)
  }
}
