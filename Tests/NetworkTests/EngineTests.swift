import Foundation
import Instances
import Linux
import Netlink
import Testing

@testable import Networking

@Suite(.serialized) struct EngineTests {
  @Test("an instance gets a tap on a bridge with a tunnel, each with its identity as alias") func attach() throws {
    try TestNode.with { node in
      let engine = try node.engine()
      let spec = Spec.vnic()
      let (tap, mtu) = try node.attach(spec, engine)
      #expect(mtu == 1450)
      let segment = try Segment(of: spec)
      let links = engine.interfaces(try engine.links())
      #expect(Set(links.keys) == [.bridge(segment), .tunnel(segment), .vnic(segment, spec.instance)])
      let bridge = try #require(links[.bridge(segment)])
      for (role, link) in links {
        #expect(link.isUp && link.mtu == 1450, "\(link)")
        if case .bridge = role { continue }
        #expect(link.master == bridge.index, "\(link)")
      }
      let shown = try node.namespace.ip("-d", "link", "show", "type", "vxlan")
      #expect(shown.contains("vxlan id \(0x08_a8c0) remote 10.9.0.2 local 10.9.0.1"), "\(shown)")
      #expect(shown.contains("dstport 4789") && shown.contains("nolearning"), "\(shown)")
      #expect(
        shown.contains("launcher ")
          && shown.contains(" tunnel \(Spec.tenant) 192.168.8.0/24 10.9.0.2 \(Spec.concentrator)"),
        "\(shown)")
      let addresses = try node.namespace.ip("address")
      #expect(
        addresses.ranges(of: "fe80").count == 2, "only the test's own two have link-local addresses: \(addresses)")
      tap.close()
      #expect(try node.made().count == 3, "a tap stays when nobody has it open")
      #expect(try engine.instances() == [spec.instance])
      try engine.detach(spec.instance)
      #expect(try node.made() == [])
      #expect(try node.namespace.filters() == "")
      try engine.detach(spec.instance)
    }
  }

  @Test("a tap that was attached before is opened again, by another launcher-vmm too") func attachAgain() throws {
    try TestNode.with { node in
      let spec = Spec.vnic()
      let first = try node.attach(spec, try node.engine())
      let made = try node.made()
      let rules = try node.namespace.filters()
      // As long as QEMU has it, nobody else gets it, and nothing of it is lost by trying.
      let engine = try node.engine()
      #expect(throws: NetworkFailure.self) { try node.attach(spec, engine) }
      #expect(try node.made() == made)
      #expect(try node.namespace.filters() == rules)
      first.tap.close()
      let again = try node.attach(spec, engine)
      #expect(again.mtu == first.mtu)
      #expect(try node.made() == made)
      #expect(try node.namespace.filters() == rules)
    }
  }

  @Test("a subnet's devices are one, and go with its last instance") func share() throws {
    try TestNode.with { node in
      let engine = try node.engine()
      for number in 1...3 { try node.attach(Spec.vnic(number), engine) }
      #expect(try node.made().count == 5)
      try engine.detach(Spec.instance(2))
      try engine.detach(Spec.instance(1))
      #expect(try node.made().count == 3)
      #expect(try node.namespace.filters().contains("launcher_"))
      try engine.detach(Spec.instance(3))
      #expect(try node.made() == [])
      #expect(try node.namespace.filters() == "")
    }
  }

  @Test("subnets, tenants and concentrators are apart") func apart() throws {
    try TestNode.with { node in
      let engine = try node.engine()
      try node.attach(Spec.vnic(1), engine)
      try node.attach(Spec.vnic(2, subnet: "192.168.9.0/24"), engine)
      try node.attach(Spec.vnic(3, tenant: "67d86209", subnet: "192.168.10.0/24"), engine)
      try node.attach(Spec.vnic(4, subnet: "192.168.11.0/24", concentratorIP: "10.9.0.3"), engine)
      #expect(try node.made().count == 12)
    }
  }

  @Test("a step that fails leaves nothing") func rollback() throws {
    try TestNode.with { node in
      // The key says that it is of another tenant's: the kernel takes one VXLAN identifier once.
      let engine = try node.engine()
      try node.attach(Spec.vnic(1), engine)
      let made = try node.made()
      let rules = try node.namespace.filters()
      #expect {
        try node.attach(Spec.vnic(2, tenant: "67d86209"), engine)
      } throws: { error in
        "\(error)".hasPrefix("make vxlan lt-") && "\(error)".contains("File exists")
      }
      #expect(try node.made() == made)
      #expect(try node.namespace.filters() == rules)
    }
  }

  @Test("interfaces of others are left alone, whatever they are called") func foreign() throws {
    try TestNode.with { node in
      let engine = try node.engine()
      let spec = Spec.vnic()
      let segment = try Segment(of: spec)
      let bridge = InterfaceAlias(engine.configuration.node, .bridge(segment))
      let vnic = InterfaceAlias(engine.configuration.node, .vnic(segment, spec.instance))
      // The names that launcher would take, an alias like its own on another kind, and a bridge of somebody else's.
      try node.namespace.ip("link", "add", InterfaceName.candidate(bridge, 0), "type", "bridge")
      try node.namespace.ip("link", "add", InterfaceName.candidate(vnic, 0), "type", "bridge")
      try node.namespace.ip("link", "add", "pretender", "type", "bridge")
      try node.namespace.ip("link", "set", "pretender", "alias", vnic.text)
      let foreign = try node.made()
      #expect(try engine.instances() == [])
      try node.attach(spec, engine).tap.close()
      #expect(try node.made().count == foreign.count + 3)
      try engine.detach(spec.instance)
      try engine.removeEmptySegments()
      #expect(try node.made() == foreign)
    }
  }

  @Test("launchers of one machine leave each other's alone") func launchers() throws {
    try TestNode.with { node in
      let (one, other) = (try node.engine(state: "/a"), try node.engine(state: "/b"))
      try node.attach(Spec.vnic(1), one).tap.close()
      try node.attach(Spec.vnic(1, subnet: "192.168.9.0/24"), other).tap.close()
      #expect(try node.made().count == 6)
      try one.detach(Spec.instance(1))
      try one.removeEmptySegments()
      #expect(try one.instances() == [])
      #expect(try other.instances() == [Spec.instance(1)])
      #expect(try node.made().count == 3)
      try other.detach(Spec.instance(1))
      #expect(try node.made() == [])
    }
  }

  @Test("200 instances in 20 subnets come and go") func many() throws {
    try TestNode.with { node in
      let engine = try node.engine()
      for number in 0..<200 {
        try node.attach(Spec.vnic(number, subnet: "192.168.\(number % 20).0/24"), engine).tap.close()
      }
      #expect(try node.made().count == 240)
      #expect(try engine.instances().count == 200)
      for number in 0..<200 { try engine.detach(Spec.instance(number)) }
      #expect(try node.made() == [])
      #expect(try node.namespace.filters() == "")
    }
  }

  @Test("a frame of the longest leaves in one packet that the compute network takes") func fits() throws {
    try TestNode.with { node in
      let engine = try node.engine()
      let (tap, mtu) = try node.attach(Spec.vnic(1, concentratorIP: "10.9.0.2"), engine)
      try node.namespace.ip("neighbour", "replace", "10.9.0.2", "lladdr", "02:00:00:00:00:99", "dev", "compute")
      let outside = try node.capture()
      let mark = String(repeating: "x", count: Int(mtu) - 28)
      try TapEnd(tap).send(.ipv4(from: Spec.mac(1), "192.168.8.3", mark: mark))
      var frame = try outside.receive()
      while let other = frame, !other.contains(mark) { frame = try outside.receive() }
      // Ethernet, IPv4, UDP to VXLAN's port with the identifier, and the whole of the frame: 1500 bytes behind the
      // first header.
      let outer = try #require(frame)
      #expect(outer.bytes.count == 14 + 1500)
      #expect(Array(outer.bytes[36..<38]) == [0x12, 0xb5])
      #expect(Array(outer.bytes[46..<49]) == [0x08, 0xa8, 0xc0])
      #expect(Array(outer.bytes[26..<34]) == Frame.ip("10.9.0.1") + Frame.ip("10.9.0.2"))
    }
  }
}
