import Foundation
import Instances
import Testing

@testable import Networking

/// What machines may send, tried at their taps.
@Suite(.serialized) struct SpoofingTests {
  private static let mac = Spec.mac(1)
  private static let address = "192.168.8.3"
  private static let other = Spec.mac(7)

  /// No payload, from fe80::1 to all nodes.
  private static let ipv6Header: [UInt8] =
    [0x60, 0, 0, 0, 0, 0, 59, 255] + [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    + [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]

  /// What comes through is known by its mark, or is an ARP packet.
  private static let refused: [(String, Frame)] = [
    ("another MAC", .ipv4(from: other, address, mark: "bad")),
    ("the neighbour's MAC", .ipv4(from: Spec.mac(2), address, mark: "bad")),
    ("another IPv4 address", .ipv4(from: mac, "192.168.8.9", mark: "bad")),
    ("the neighbour's IPv4 address", .ipv4(from: mac, "192.168.8.4", mark: "bad")),
    ("both of the neighbour's", .ipv4(from: Spec.mac(2), "192.168.8.4", mark: "bad")),
    ("a VLAN", .ipv4(from: mac, address, vlan: [0x81, 0x00, 0x00, 0x05], mark: "bad")),
    ("no address, but for DHCP", .ipv4(from: mac, "0.0.0.0", ports: [0, 68, 0, 53], mark: "bad")),
    ("no address, to one node", .ipv4(from: mac, "0.0.0.0", to: "192.168.8.4", ports: [0, 68, 0, 67], mark: "bad")),
    ("DHCP from another MAC", .ipv4(from: other, "0.0.0.0", ports: [0, 68, 0, 67], mark: "bad")),
    ("DHCP as the server", .ipv4(from: mac, "192.168.8.1", ports: [0, 67, 0, 68], mark: "bad")),
    ("ARP for another's address", .arp(from: mac, "192.168.8.4", target: "192.168.8.1")),
    ("ARP for another's MAC", .arp(from: mac, sender: other, address, target: "192.168.8.1")),
    ("ARP from another MAC", .arp(from: other, sender: mac, address, target: "192.168.8.1")),
    ("ARP in a VLAN", Frame(from: mac, type: [0x81, 0, 0, 5, 8, 6], Array("bad".utf8))),
    ("IPv6", Frame(from: mac, type: [0x86, 0xdd], ipv6Header)),
    ("LLDP", Frame(to: MACAddress("01:80:c2:00:00:0e")!, from: mac, type: [0x88, 0xcc], Array("bad".utf8))),
    ("a spanning tree", Frame(to: MACAddress("01:80:c2:00:00:00")!, from: mac, type: [0, 38], Array("bad".utf8))),
    ("another protocol", Frame(from: mac, type: [0x88, 0xb5], Array("bad".utf8))),
  ]

  private static let allowed: [(String, Frame)] = [
    ("IPv4 from its own address", .ipv4(from: mac, address, mark: "good")),
    ("DHCP", .ipv4(from: mac, "0.0.0.0", ports: [0, 68, 0, 67], mark: "good")),
    ("ARP for its own address", .arp(from: mac, address, target: "192.168.8.1")),
  ]

  private func withTwo(preventsSpoofing: Bool = true, _ body: (TestNode, TapEnd, TapEnd) throws -> Void) throws {
    try TestNode.with { node in
      let engine = try node.engine(preventsSpoofing: preventsSpoofing)
      let one = try TapEnd(try node.attach(Spec.vnic(1), engine).tap)
      let two = try TapEnd(try node.attach(Spec.vnic(2), engine).tap)
      try body(node, one, two)
    }
  }

  /// Whether a frame arrives before one that is always allowed. The kernel may cut off what fills a short frame; what
  /// it sends itself is no matter.
  private func arrives(_ frame: Frame, _ from: TapEnd, _ to: TapEnd, mark: String) throws -> Bool {
    try from.send(frame)
    try from.send(.ipv4(from: Self.mac, Self.address, mark: mark))
    return try to.received(until: mark).contains { frame.bytes.starts(with: $0.bytes) }
  }

  @Test("a machine sends from its own MAC and IPv4 address alone") func filtered() throws {
    try withTwo { node, one, two in
      for (number, (name, frame)) in Self.refused.enumerated() {
        #expect(try !arrives(frame, one, two, mark: "end-\(number)-"), "\(name) came through")
      }
      for (number, (name, frame)) in Self.allowed.enumerated() {
        #expect(try arrives(frame, one, two, mark: "done-\(number)-"), "\(name) did not come through")
      }
      let counted = try node.namespace.execute("nft", "list", "ruleset")
      #expect(counted.contains(/counter packets [1-9][0-9]* bytes [0-9]+ drop/), "\(counted)")
    }
  }

  @Test("without the filter the same frames come through, so it is the filter that keeps them") func unfiltered() throws
  {
    try withTwo(preventsSpoofing: false) { node, one, two in
      // A bridge of the kernel's passes no frame of spanning trees on, nor LLDP.
      let kernelKeeps: Set = ["LLDP"]
      for (number, (name, frame)) in (Self.refused + Self.allowed).enumerated() {
        let came = try arrives(frame, one, two, mark: "end-\(number)-")
        #expect(came != kernelKeeps.contains(name), "\(name)")
      }
    }
  }

  @Test("a machine does not reach its node, with or without the filter", arguments: [true, false])
  func node(preventsSpoofing: Bool) throws {
    try withTwo(preventsSpoofing: preventsSpoofing) { node, one, _ in
      let bridge = try #require(
        try node.namespace.ip("-o", "link", "show", "type", "bridge").firstMatch(of: /link\/ether ([0-9a-f:]+)/))
      let bridgeMAC = try #require(MACAddress(String(bridge.1)))
      // Whatever the node answers, it answers with its bridge's or its own address.
      func answers() throws -> Int {
        try one.send(.arp(from: Self.mac, Self.address, target: "10.9.0.1"))
        try one.send(.ping(from: Self.mac, Self.address, to: "10.9.0.1", at: bridgeMAC))
        var count = 0
        while let frame = try one.receive(within: 0.5) {
          if frame.bytes.starts(with: Self.mac.bytes) { count += 1 }
        }
        return count
      }
      #expect(try answers() == 0)
      try node.namespace.execute("nft", "flush", "ruleset")
      #expect(try answers() > 0, "without the rules the node would answer")
    }
  }
}
