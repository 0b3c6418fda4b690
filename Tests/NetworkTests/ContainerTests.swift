import Foundation
import Instances
import Linux
import Testing

@testable import Networking

/// Containers above bridges: a namespace with a macvlan stands for what the container engine makes.
@Suite(.serialized) struct ContainerTests {
  private static let mac = Spec.mac(1)
  private static let address = "192.168.8.3"
  private static let containerMAC = Spec.mac(2)
  private static let containerAddress = "192.168.8.4"

  private func container(_ number: Int) -> InstanceSpec {
    var spec = Spec.vnic(number)
    spec.kind = .docker
    return spec
  }

  @Test("a container keeps its segment, and the last instance of either kind takes it along") func segment() throws {
    try TestNode.with { node in
      let engine = try node.engine()
      func bridges() throws -> [TenantBridge] { try node.namespace.run { try engine.containerBridges() } }
      for isContainerLast in [true, false] {
        let bridge = try node.namespace.run { try engine.join(container(2)) }
        #expect(try bridges() == [bridge])
        let made = try node.made()
        #expect(made.count == 3 && made.contains(bridge.name))
        #expect(try node.namespace.run { try engine.join(container(2)) } == bridge)
        #expect(try node.made() == made)
        #expect(try node.namespace.filters().contains("\(Self.containerMAC)"))
        try node.attach(Spec.vnic(1), engine)
        #expect(try node.namespace.run { try engine.instances() } == [Spec.instance(1), Spec.instance(2)])
        try node.namespace.run { try engine.detach(Spec.instance(isContainerLast ? 1 : 2)) }
        #expect(try node.namespace.filters().contains("\(Self.containerMAC)") == isContainerLast)
        // What the next network child does first.
        try node.namespace.run { try node.engine().removeEmptySegments() }
        #expect(try node.made().contains(bridge.name))
        #expect(try bridges() == (isContainerLast ? [bridge] : []))
        try node.namespace.run { try engine.detach(Spec.instance(isContainerLast ? 2 : 1)) }
        #expect(try node.made() == [])
        #expect(try node.namespace.filters().isEmpty)
      }
    }
  }

  @Test("two containers of a segment have addresses of their own") func addresses() throws {
    try TestNode.with { node in
      let engine = try node.engine()
      _ = try node.namespace.run { try engine.join(container(2)) }
      let made = try node.made()
      var sameMAC = container(3)
      sameMAC.network.mac = Self.containerMAC
      var sameIP = container(3)
      sameIP.network.privateIP = container(2).network.privateIP
      var nodes = container(3)
      nodes.network.privateIP = IPv4Address("10.9.0.1")
      for spec in [sameMAC, sameIP, nodes] {
        #expect(throws: NetworkFailure.self) { try node.namespace.run { try engine.join(spec) } }
        #expect(try node.made() == made)
      }
      // In another segment they are another's.
      var other = container(3)
      other.network.subnet = IPv4Subnet("192.168.9.0/24")
      other.network.mac = Self.containerMAC
      _ = try node.namespace.run { try engine.join(other) }
      try node.namespace.run { try engine.detach(other.instance) }
      #expect(try node.namespace.filters().contains("\(Self.containerMAC)"))
    }
  }

  /// With a machine's tap, and a container.
  private func withBoth(
    preventsSpoofing: Bool = true, _ body: (TestNode, NetworkNamespace, TapEnd, String) throws -> Void
  ) throws {
    try TestNode.with { node in
      let engine = try node.engine(preventsSpoofing: preventsSpoofing)
      let tap = try TapEnd(try node.attach(Spec.vnic(1), engine).tap)
      let bridge = try node.namespace.run { try engine.join(container(2)) }.name
      let inside = try NetworkNamespace("container")
      defer { inside.remove() }
      try node.namespace.ip("link", "add", "inner", "link", bridge, "type", "macvlan", "mode", "bridge")
      try node.namespace.ip("link", "set", "inner", "netns", inside.name)
      try inside.ip("link", "set", "inner", "address", "\(Self.containerMAC)", "up")
      try inside.ip("address", "add", "\(Self.containerAddress)/24", "dev", "inner")
      try body(node, inside, tap, bridge)
    }
  }

  private func frames(_ tap: TapEnd) throws -> [Frame] {
    var frames: [Frame] = []
    while let frame = try tap.receive(within: 0.5) { frames.append(frame) }
    return frames
  }

  @Test("a container gets what is for it, and the node nothing", arguments: [true, false])
  func reach(preventsSpoofing: Bool) throws {
    try withBoth(preventsSpoofing: preventsSpoofing) { node, _, tap, bridge in
      let link = try #require(
        try node.namespace.ip("-o", "link", "show", bridge).firstMatch(of: /link\/ether ([0-9a-f:]+)/))
      let bridgeMAC = try #require(MACAddress(String(link.1)))
      func answers(_ frame: Frame) throws -> [Frame] {
        try tap.send(frame)
        return try frames(tap).filter { $0.bytes.starts(with: Self.mac.bytes) }
      }
      let found = try answers(.arp(from: Self.mac, Self.address, target: Self.containerAddress))
      #expect(found.count == 1 && found.allSatisfy { $0.bytes.dropFirst(6).starts(with: Self.containerMAC.bytes) })
      let echo = try answers(
        .ping(from: Self.mac, Self.address, to: Self.containerAddress, at: Self.containerMAC))
      #expect(!echo.isEmpty && echo.allSatisfy { $0.bytes.dropFirst(6).starts(with: Self.containerMAC.bytes) })
      let attempts: [Frame] =
        [.arp(from: Self.mac, Self.address, target: "10.9.0.1")]
        + [bridgeMAC, Frame.everybody, Self.containerMAC].map {
          .ping(from: Self.mac, Self.address, to: "10.9.0.1", at: $0)
        }
      for attempt in attempts { #expect(try answers(attempt).isEmpty, "\(attempt)") }
      try node.namespace.execute("nft", "flush", "ruleset")
      #expect(try !answers(attempts[0]).isEmpty, "without the rules the node would answer")
    }
  }

  @Test("above a bridge only containers send") func send() throws {
    try withBoth { node, inside, tap, bridge in
      /// Whether the machine hears of somebody who has a packet for it.
      func isHeard(_ namespace: NetworkNamespace, _ interface: String = "inner", from source: String) throws -> Bool {
        try namespace.ip("route", "replace", Self.address, "dev", interface, "src", source)
        _ = try namespace.execute("bash", "-c", "echo > /dev/udp/\(Self.address)/9")
        // ARP, whose sender's address is behind 28 bytes.
        return try frames(tap).contains {
          $0.bytes.dropFirst(12).starts(with: [8, 6]) && $0.bytes.dropFirst(28).starts(with: Frame.ip(source))
        }
      }
      #expect(try isHeard(inside, from: Self.containerAddress))
      try node.namespace.ip("address", "add", "192.168.8.77/24", "dev", bridge)
      #expect(try !isHeard(node.namespace, bridge, from: "192.168.8.77"))
      // What a container has no right to do.
      try inside.ip("neighbour", "flush", "dev", "inner")
      try inside.ip("address", "add", "192.168.8.99/24", "dev", "inner")
      #expect(try !isHeard(inside, from: "192.168.8.99"))
      try inside.ip("neighbour", "flush", "dev", "inner")
      try inside.ip("link", "set", "inner", "address", "02:00:00:00:00:99")
      #expect(try !isHeard(inside, from: Self.containerAddress))
      try inside.ip("neighbour", "flush", "dev", "inner")
      try node.namespace.execute("nft", "flush", "ruleset")
      #expect(try isHeard(inside, from: Self.containerAddress), "without the rules it would be heard")
    }
  }
}
