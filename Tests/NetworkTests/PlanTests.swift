import Instances
import Netlink
import Testing

@testable import Networking

/// Names, aliases, keys and MTUs, without a kernel.
@Suite struct PlanTests {
  private let segment = try! Segment(of: Spec.vnic(subnet: "192.168.8.0/21"))
  private let node = NodeToken(stateFolder: "/var/lib/ciao")

  @Test("a tunnel's key is the subnet's address, read as a little-endian number") func key() {
    #expect(segment.key == 0x0008_a8c0)
    let local = IPv4Address("10.9.0.1")!
    #expect(
      segment.tunnel(.gre, from: local) == .gretap(key: 0x0008_a8c0, local: 0x0a09_0001, remote: 0x0a09_0002))
    #expect(
      segment.tunnel(.vxlan, from: local)
        == .vxlan(identifier: 0x08_a8c0, local: 0x0a09_0001, remote: 0x0a09_0002, port: 4789))
    let high = try! Segment(of: Spec.vnic(subnet: "10.1.2.3/32"))
    #expect(high.key == 0x0302_010a)
    #expect(
      high.tunnel(.vxlan, from: local)
        == .vxlan(identifier: 0x02_010a, local: 0x0a09_0001, remote: 0x0a09_0002, port: 4789))
  }

  @Test("a frame fits the tunnel") func mtu() throws {
    func mtu(_ lower: UInt32, _ kind: TunnelProtocol) throws -> UInt16 {
      var link = Link(index: 1)
      link.mtu = lower
      return try TenantMTU.within(link, overhead: kind.overhead)
    }
    #expect(try mtu(1500, .gre) == 1458)
    #expect(try mtu(1500, .vxlan) == 1450)
    #expect(try mtu(9000, .gre) == 8958)
    #expect(try mtu(9000, .vxlan) == 8950)
    #expect(try mtu(65536, .vxlan) == 65486)
    #expect(try mtu(118, .vxlan) == 68)
    #expect(throws: NetworkFailure.self) { try mtu(117, .vxlan) }
    #expect(throws: NetworkFailure.self) { try mtu(0, .gre) }
  }

  @Test("an alias says all, and is read again") func alias() {
    let roles: [InterfaceRole] = [
      .bridge(segment), .tunnel(segment), .vnic(segment, Spec.instance(1)),
      .direct(tenant: segment.tenant, Spec.instance(1)),
      .container(segment, Spec.instance(1), ContainerAddresses(mac: Spec.mac(1), ip: IPv4Address("192.168.8.2")!)),
    ]
    for role in roles {
      let alias = InterfaceAlias(node, role)
      #expect(InterfaceAlias(alias.text) == alias, "\(alias.text)")
    }
    #expect(
      InterfaceAlias(node, roles[2]).text
        == "launcher \(node.text) vnic \(Spec.tenant) 192.168.8.0/21 10.9.0.2 \(Spec.concentrator) e3a5-1")
    #expect(Set(roles.map { InterfaceAlias(node, $0).text }).count == 5)
    #expect(
      InterfaceAlias(node, roles[4]).text
        == "launcher \(node.text) container \(Spec.tenant) 192.168.8.0/21 10.9.0.2 \(Spec.concentrator)"
        + " 02:00:00:00:00:01 192.168.8.2 e3a5-1")
  }

  @Test(
    "what no launcher wrote is no alias",
    arguments: [
      "", "launcher", "uplink to rack 7", "launcher 5d1e00c4", "launcher 5d1e00c4 bridge",
      "launcher 5d1e00c4 vnic a b", "launcher 5d1e00c4 direct a b c", "launcher 5d1e00c4 direct a ",
      "launcher XYZ00000 direct a b", "launcher 5d1e00c direct a b", "launcher  5d1e00c4 direct a b",
      "launcher 5D1E00C4 direct a b", "launcher 5d1e00c4 bridge a 192.168.8.0/33 10.0.0.1 b",
      "launcher 5d1e00c4 dummy a b", "launcher 5d1e00c4 container a 192.168.8.0/24 10.0.0.1 b c",
      "launcher 5d1e00c4 container a 192.168.8.0/24 10.0.0.1 b 02:00:00:00:00 192.168.8.2 c",
      "launcherd 5d1e00c4 direct a b", "launcher 5d1e00c4 direct a b ",
    ])
  func notAlias(text: String) {
    #expect(InterfaceAlias(text) == nil)
  }

  @Test("names are short, the same for the same, others for others") func names() {
    var names: Set<String> = []
    for number in 0..<2000 {
      let role = InterfaceRole.vnic(segment, Spec.instance(number))
      let name = InterfaceName.candidate(InterfaceAlias(node, role), 0)
      #expect(name.utf8.count <= Link.maximumName && name.hasPrefix("lv-"))
      #expect(name == InterfaceName.candidate(InterfaceAlias(node, role), 0))
      names.insert(name)
    }
    #expect(names.count == 2000)
    #expect(NodeToken(stateFolder: "/a") != NodeToken(stateFolder: "/b"))
    // The same in each version: an interface outlives the launcher that made it.
    #expect(StableHash.of("launcher") == 0xca69_0f47_7c7e_b9d1)
  }

  @Test("a name that is taken is passed over") func collision() {
    let alias = InterfaceAlias(node, .bridge(segment))
    let first = InterfaceName.candidate(alias, 0)
    #expect(InterfaceName.free(for: alias, among: []) == first)
    #expect(InterfaceName.free(for: alias, among: [first]) == InterfaceName.candidate(alias, 1))
    #expect(InterfaceName.candidate(alias, 1) != first)
    let all = Set((0..<64).map { InterfaceName.candidate(alias, $0) })
    #expect(InterfaceName.free(for: alias, among: all) == nil)
  }

  @Test("the compute network is by its subnets, and the interface towards another node by that one's") func compute()
    throws
  {
    func link(_ index: Int32, _ name: String, isUp: Bool = true) -> Link {
      var link = Link(index: index)
      link.name = name
      link.isUp = isUp
      return link
    }
    func address(_ index: Int32, _ text: String) -> LinkAddress {
      LinkAddress(index: index, address: IPv4Address(text)!.value, prefixLength: 24)
    }
    let links = [link(1, "lo"), link(2, "eth0"), link(3, "eth1"), link(4, "eth2", isUp: false)]
    let addresses = [
      address(1, "127.0.0.1"), address(2, "192.0.2.1"), address(3, "10.9.0.1"), address(3, "10.9.1.1"),
      address(4, "10.9.2.1"),
    ]
    let compute = try ComputeNetwork([IPv4Subnet("10.9.0.0/16")!], links, addresses)
    #expect(compute.interfaces.map(\.address.description) == ["10.9.0.1", "10.9.1.1"])
    #expect(compute.interface(towards: IPv4Address("10.9.1.7")!).address.description == "10.9.1.1")
    #expect(compute.interface(towards: IPv4Address("10.8.1.7")!).address.description == "10.9.0.1")
    #expect(try ComputeNetwork([], links, addresses).interfaces.map(\.link.name) == ["eth0", "eth1", "eth1"])
    #expect {
      _ = try ComputeNetwork([IPv4Subnet("10.9.2.0/24")!], links, addresses)
    } throws: { error in
      "\(error)".contains("-compute-net") && "\(error)".contains("eth2 10.9.2.1 (down)")
    }
  }
}
