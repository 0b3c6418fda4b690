import Foundation
import Instances
import Linux
import Testing

@testable import Networking

/// Two compute nodes and a concentrator, each a network namespace, on a compute network of veth pairs.
@Suite(.serialized) struct DataCentreTests {
  private static let subnet = "192.168.8.0/24"
  private static let otherSubnet = "192.168.9.0/24"
  private static let otherTenant = "99d86208-0000-4465-9018-fe14087d415f"
  private static let gatewayMAC = MACAddress("02:00:00:00:ff:01")!

  private struct Centre {
    let concentrator: NetworkNamespace
    let nodes: [NetworkNamespace]

    func engine(_ node: Int) throws -> NetworkEngine {
      try TestNode.engine(in: nodes[node])
    }
  }

  private func withCentre(_ body: (Centre) throws -> Void) throws {
    let concentrator = try NetworkNamespace("concentrator")
    defer { concentrator.remove() }
    let nodes = [try NetworkNamespace("one"), try NetworkNamespace("two")]
    defer { for node in nodes { node.remove() } }
    try concentrator.ip("link", "add", "fabric", "address", "02:00:00:00:fe:00", "type", "bridge")
    try concentrator.ip("address", "add", "10.9.0.2/24", "dev", "fabric")
    try concentrator.ip("link", "set", "fabric", "up")
    for (number, node) in nodes.enumerated() {
      try node.ip("link", "add", "compute", "type", "veth", "peer", "name", "node\(number)", "netns", concentrator.name)
      try node.ip("address", "add", "10.9.0.\(11 + number)/24", "dev", "compute")
      try node.ip("link", "set", "compute", "up")
      try concentrator.ip("link", "set", "node\(number)", "master", "fabric", "up")
    }
    // The concentrator's side, as docs/NETWORKING.md has it: for each subnet a bridge with the gateway's address, and a
    // VXLAN to all nodes, whose frames go on to the other nodes.
    for (bridge, identifier, gateway) in [("tenant", "567488", "192.168.8.1"), ("other", "633024", "192.168.9.1")] {
      try concentrator.ip("link", "add", bridge, "address", "\(Self.gatewayMAC)", "type", "bridge")
      try concentrator.ip("address", "add", "\(gateway)/24", "dev", bridge)
      try concentrator.ip(
        "link", "add", "vx-\(bridge)", "type", "vxlan", "id", identifier, "local", "10.9.0.2", "dstport", "4789")
      try concentrator.ip("link", "set", "vx-\(bridge)", "master", bridge, "up")
      try concentrator.ip("link", "set", bridge, "up")
      try concentrator.execute("bridge", "link", "set", "dev", "vx-\(bridge)", "hairpin", "on")
      for node in ["10.9.0.11", "10.9.0.12"] {
        try concentrator.execute("bridge", "fdb", "append", "00:00:00:00:00:00", "dev", "vx-\(bridge)", "dst", node)
      }
    }
    try body(Centre(concentrator: concentrator, nodes: nodes))
  }

  /// A machine with an address that is the number's, on one of the nodes.
  private func machine(_ number: Int, _ centre: Centre, on node: Int, tenant: String = Spec.tenant, subnet: String)
    throws
    -> TapEnd
  {
    let spec = Spec.vnic(number, tenant: tenant, subnet: subnet)
    return try TapEnd(try centre.nodes[node].run { try centre.engine(node).attach(spec) }.tap)
  }

  @Test("machines of one tenant reach each other on other nodes, and their gateway") func reach() throws {
    try withCentre { centre in
      let one = try machine(1, centre, on: 0, subnet: Self.subnet)
      let two = try machine(2, centre, on: 1, subnet: Self.subnet)
      // ARP, by which each learns where the other is; then frames to that one alone.
      try one.send(.arp(from: Spec.mac(1), "192.168.8.3", target: "192.168.8.4"))
      try one.send(.ipv4(from: Spec.mac(1), "192.168.8.3", mark: "from one to all"))
      let seen = try two.received(until: "from one to all")
      #expect(seen.contains { $0.bytes[12...13] == [8, 6] && Array($0.bytes[6..<12]) == Spec.mac(1).bytes })
      try two.send(.ipv4(from: Spec.mac(2), "192.168.8.4", to: "192.168.8.3", toMAC: Spec.mac(1), mark: "to one"))
      _ = try one.received(until: "to one")
      try one.send(.ipv4(from: Spec.mac(1), "192.168.8.3", to: "192.168.8.4", toMAC: Spec.mac(2), mark: "to two"))
      _ = try two.received(until: "to two")
      // The gateway is a kernel's own network: it answers by itself.
      try one.send(.arp(from: Spec.mac(1), "192.168.8.3", target: "192.168.8.1"))
      try one.send(.ping(from: Spec.mac(1), "192.168.8.3", to: "192.168.8.1", at: Self.gatewayMAC))
      var answers: Set<String> = []
      while answers.count < 2, let frame = try one.receive() {
        guard Array(frame.bytes[0..<6]) == Spec.mac(1).bytes else { continue }
        if frame.bytes[12...13] == [8, 6], Array(frame.bytes[28..<32]) == Frame.ip("192.168.8.1") {
          answers.insert("arp")
        }
        if frame.bytes[12...13] == [8, 0], frame.bytes[23] == 1, frame.bytes[34] == 0 { answers.insert("echo") }
      }
      #expect(answers == ["arp", "echo"])
    }
  }

  @Test("tenants see nothing of each other, on one node or across nodes") func isolation() throws {
    try withCentre { centre in
      let one = try machine(1, centre, on: 0, subnet: Self.subnet)
      let far = try machine(2, centre, on: 1, subnet: Self.subnet)
      let other = try machine(11, centre, on: 0, tenant: Self.otherTenant, subnet: Self.otherSubnet)
      let otherFar = try machine(12, centre, on: 1, tenant: Self.otherTenant, subnet: Self.otherSubnet)
      try other.send(.ipv4(from: Spec.mac(11), "192.168.9.13", mark: "secret of the other tenant"))
      try other.send(.ipv4(from: Spec.mac(11), "192.168.9.13", toMAC: Spec.mac(1), mark: "secret to one"))
      // When its own tenant has it on the other node, it has been everywhere that it goes.
      _ = try otherFar.received(until: "secret to one")
      try far.send(.ipv4(from: Spec.mac(2), "192.168.8.4", mark: "end"))
      #expect(try !one.received(until: "end").contains { $0.contains("secret") })
      try one.send(.ipv4(from: Spec.mac(1), "192.168.8.3", mark: "end"))
      #expect(try !far.received(until: "end").contains { $0.contains("secret") })
    }
  }

  @Test("a machine's frames stay its own when another node sends with its MAC") func pinned() throws {
    try withCentre { centre in
      let one = try machine(1, centre, on: 0, subnet: Self.subnet)
      let two = try machine(2, centre, on: 0, subnet: Self.subnet)
      // A node that filters nothing: a frame with the first machine's MAC comes by the tunnel.
      let impostor = try centre.nodes[1].run {
        try TapEnd(
          try TestNode.engine(in: centre.nodes[1], preventsSpoofing: false).attach(Spec.vnic(3, subnet: Self.subnet))
            .tap)
      }
      try impostor.send(.ipv4(from: Spec.mac(1), "192.168.8.3", mark: "from the impostor"))
      _ = try two.received(until: "from the impostor")
      try two.send(.ipv4(from: Spec.mac(2), "192.168.8.4", to: "192.168.8.3", toMAC: Spec.mac(1), mark: "to one"))
      _ = try one.received(until: "to one")
    }
  }
}
