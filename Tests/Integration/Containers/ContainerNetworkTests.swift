import Foundation
import Testing

extension Integration {
  /// Containers of a compute node in their tenants' networks, with dockerd in the node's network namespace.
  @Suite struct ContainerNetworkTests {
    private func tenantEvents(_ node: Node, since mark: Node.Mark) -> [String] {
      node.frames(since: mark).map(\.operand).filter { $0.hasPrefix("Tenant") }
    }

    private func expectNothing(_ host: ContainerHost, _ node: Node, _ when: String = "") throws {
      #expect(try node.devices().map(\.ifname) == [], "\(when)")
      #expect(try host.networks() == [], "\(when)")
      #expect(try host.containers() == [], "\(when)")
    }

    @Test func `a container has the payload's addresses, reaches its tenant, and the node's network stays as it was`()
      async throws
    {
      try await ContainerHost.runComputeNode { host, node in
        let before = try node.networkSetUp()
        let payloads = (2...3).map { ContainerPayload.workload(host: $0) }
        for payload in payloads { _ = try await node.startContainer(payload) }
        #expect(try node.networkSetUp() == before)
        #expect(try node.devices("bridge").count == 1)
        #expect(try node.devices("macvlan").count == 2)
        #expect(try host.networks().count == 1)
        let one = payloads[0].instance
        let card = try host.execute(one, "ip", "address", "show", "eth0")
        #expect(card.contains("link/ether 02:00:e6:f5:af:02") && card.contains("inet 192.168.8.2/21"))
        #expect(card.contains("mtu 1450") && !card.contains("inet6"))
        #expect(try host.execute(one, "ip", "route").contains("default via 192.168.8.1 dev eth0"))
        try node.withConcentrator { concentrator in
          for address in ["192.168.8.2", "192.168.8.3"] {
            _ = try concentrator.run("ping", "-c", "1", "-w", "10", address)
          }
          // Of a node that answered there would be an answer here.
          #expect(throws: (any Error).self) {
            try concentrator.run("arping", "-c", "2", "-w", "2", "-I", "vx", Node.computeAddress)
          }
        }
        for payload in payloads { try await node.delete(payload.instance) }
        try expectNothing(host, node)
      }
    }

    @Test func `a container can neither change its addresses nor send by others, and does not reach its node`()
      async throws
    {
      try await ContainerHost.runComputeNode { host, node in
        let before = try node.networkSetUp()
        let payloads = (2...3).map { ContainerPayload.workload(host: $0) }
        for payload in payloads { _ = try await node.startContainer(payload) }
        let one = payloads[0].instance
        for attempt in [
          ["ip", "link", "set", "eth0", "address", "02:00:00:00:00:99"],
          ["ip", "address", "add", "192.168.8.99/21", "dev", "eth0"], ["ip", "link", "set", "eth0", "down"],
          // Frames of its own making.
          ["arping", "-c", "1", "-I", "eth0", "192.168.8.3"], ["ping", "-c", "1", "192.168.8.3"],
        ] {
          #expect(throws: (any Error).self, "\(attempt)") { try host.execute(one, attempt) }
        }
        // Its neighbour answers that nobody listens; the node does not answer at all.
        func connect(_ address: String) -> String {
          do {
            return try host.execute(one, "nc", "-w", "3", address, "7")
          } catch { return "\(error)" }
        }
        #expect(connect("192.168.8.3").contains("refused"))
        #expect(!connect(Node.computeAddress).contains("refused"))
        for payload in payloads { try await node.delete(payload.instance) }
        try expectNothing(host, node)
        #expect(try node.networkSetUp() == before)
      }
    }

    @Test func `containers and machines of a subnet share its bridge, and the scheduler hears of the subnet once`()
      async throws
    {
      try await ContainerHost.runComputeNode { host, node in
        for isContainerFirst in [true, false] {
          let mark = try node.mark
          let container = ContainerPayload.workload(host: 2)
          let machine = StartPayload.workload(host: 3)
          if isContainerFirst { _ = try await node.startContainer(container) }
          _ = try await node.startInstance(machine)
          if !isContainerFirst { _ = try await node.startContainer(container) }
          #expect(try node.devices("bridge").count == 1)
          #expect(try node.devices("vxlan").count == 1)
          #expect(tenantEvents(node, since: mark) == ["TenantAdded"])
          try await node.delete(isContainerFirst ? container.instance : machine.instance)
          #expect(try node.devices("bridge").count == 1)
          #expect(try host.networks().count == (isContainerFirst ? 0 : 1))
          #expect(tenantEvents(node, since: mark) == ["TenantAdded"])
          try await node.delete(isContainerFirst ? machine.instance : container.instance)
          try expectNothing(host, node)
          #expect(tenantEvents(node, since: mark) == ["TenantAdded", "TenantRemoved"])
        }
      }
    }

    @Test func `a launcher-vmm that is killed leaves containers on their network, and the next one goes on`()
      async throws
    {
      try await ContainerHost.runComputeNode { host, node in
        let payload = ContainerPayload.workload(host: 2)
        _ = try await node.startContainer(payload)
        let devices = try node.devices().map(\.ifindex)
        let vmm = try node.pid(of: .vmm)
        kill(vmm, SIGKILL)
        try await node.wait("another launcher-vmm") { node.find(.vmm).map { $0 != vmm } ?? false }
        try await node.state("active", of: payload.instance)
        #expect(try node.devices().map(\.ifindex) == devices)
        try node.withConcentrator { _ = try $0.run("ping", "-c", "1", "-w", "10", "192.168.8.2") }
        try await node.delete(payload.instance)
        try expectNothing(host, node)
      }
    }

    @Test func `after a reboot RESTART makes a container's network again, and it has what it had written`()
      async throws
    {
      try await ContainerHost.runComputeNode { host, node in
        let payloads = (2...3).map { ContainerPayload.workload(host: $0) }
        for payload in payloads { _ = try await node.startContainer(payload) }
        for payload in payloads { _ = try host.execute(payload.instance, "touch", "/tmp/written") }
        try await node.stopLauncher()
        try await host.stop()
        try node.removeDevices()
        try await host.start()
        try await node.startLauncher()
        try await node.wait("launcher to follow the engine") { host.isFollowed }
        for payload in payloads {
          try await node.state("exited", of: payload.instance)
          try node.send("RESTART", of: payload.instance)
        }
        for payload in payloads {
          try await node.state("active", of: payload.instance)
          _ = try host.execute(payload.instance, "cat", "/tmp/written")
        }
        try node.withConcentrator { concentrator in
          for address in ["192.168.8.2", "192.168.8.3"] {
            _ = try concentrator.run("ping", "-c", "1", "-w", "10", address)
          }
        }
        for payload in payloads { try await node.delete(payload.instance) }
        try expectNothing(host, node)
      }
    }

    @Test func `network_failure: a container's place that node or engine cannot give leaves nothing`() async throws {
      try await ContainerHost.runComputeNode { host, node in
        let first = ContainerPayload.workload(host: 2)
        _ = try await node.startContainer(first)
        let devices = try node.devices().map(\.ifindex)
        let mark = try node.mark
        let cases: [(String, (inout ContainerPayload) -> Void)] = [
          ("has one of them", { $0.networking["vnic_mac"] = first.networking["vnic_mac"] }),
          ("has one of them", { $0.networking["private_ip"] = first.networking["private_ip"] }),
          // What the engine takes for a part of the first.
          (
            "make the container engine's network",
            {
              $0.networking["subnet"] = "192.168.12.0/24"; $0.networking["private_ip"] = "192.168.12.3"
            }
          ),
          (
            "is an address of this node",
            {
              $0.networking["subnet"] = "10.76.0.0/15"; $0.networking["private_ip"] = Node.computeAddress
            }
          ),
        ]
        for (text, change) in cases {
          var payload = ContainerPayload.workload(host: 3)
          change(&payload)
          try await node.expectFailure(
            "StartFailure", "network_failure", of: payload.instance, by: "START", payload.text)
          try expectLog(of: node, payload.instance, text)
          #expect(try node.devices().map(\.ifindex) == devices, "\(text)")
          #expect(try host.networks().count == 1 && host.containers().count == 1, "\(text)")
        }
        #expect(tenantEvents(node, since: mark).isEmpty)
        try await node.delete(first.instance)
        try expectNothing(host, node)
      }
    }

    @Test func `hard-reset removes the networks of containers, in the engine and in the kernel`() async throws {
      try await ContainerHost.runComputeNode { host, node in
        _ = try await node.startContainer(ContainerPayload.workload(host: 2))
        try host.docker(
          "network", "create", "--driver", "macvlan", "--opt", "parent=compute0", "--subnet", "10.99.0.0/24", "stranger"
        )
        try await node.stopLauncher()
        let (status, output) = try node.runLauncher(["-hard-reset"])
        #expect(status == 0, "\(output)")
        try expectNothing(host, node)
        #expect(try host.docker("network", "ls", "--format", "{{.Name}}").contains("stranger"))
        try host.docker("network", "rm", "stranger")
        try await node.startLauncher()
      }
    }

    private static let points = [
      ("START", ["container-network-made", "state-written", "created", "container-made", "container-started"]),
      ("RESTART", ["container-started"]), ("DELETE", ["container-removed", "network-detached", "name-taken"]),
    ]

    @Test(arguments: ["START", "RESTART", "DELETE"])
    func `launcher-vmm killed at any step of a networked container's command carries it out in its next life`(
      command: String
    ) async throws {
      try await ContainerHost.runComputeNode(isDebugBuild: true) { host, node in
        for point in Self.points.first(where: { $0.0 == command })?.1 ?? [] {
          let payload = ContainerPayload.workload(host: 2)
          if command != "START" { _ = try await node.startContainer(payload) }
          if command == "RESTART" {
            try node.send("STOP", of: payload.instance)
            try await node.state("exited", of: payload.instance)
          }
          let mark = try node.mark
          let vmm = try node.pid(of: .vmm)
          let file = "\(node.instances)/.stop-at"
          try Data(point.utf8).write(to: URL(fileURLWithPath: file))
          chown(file, Node.vmmUser, Node.vmmUser)
          if command == "START" {
            try node.send("START", payload.text)
          } else {
            try node.send(command, of: payload.instance)
          }
          try await node.wait("launcher-vmm to stand still at \(point)") { !node.exists(file) }
          kill(vmm, SIGKILL)
          if command == "DELETE" {
            try await node.frame("InstanceDeleted", since: mark) { $0.isDeleted(payload.instance) }
          } else {
            try await node.state("active", of: payload.instance)
            #expect(
              try host.inspect(payload.instance, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
                == "192.168.8.2")
            try await node.delete(payload.instance)
          }
          try await node.wait("nothing to be left after \(point)") {
            try node.devices().isEmpty && host.networks().isEmpty && host.containers().isEmpty
          }
        }
      }
    }
  }
}
