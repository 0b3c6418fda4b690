import Instances
import Testing

private func workload(_ change: (inout InstanceSpec) -> Void = { _ in }) -> InstanceSpec {
  var spec = InstanceSpec(instance: Identifier("a1")!, tenant: Identifier("b2")!, image: ImageName("image")!)
  spec.network.mac = MACAddress("02:00:e6:f5:af:f9")
  spec.network.concentrator = Identifier("c3")
  spec.network.concentratorIP = IPv4Address("192.168.42.21")
  spec.network.subnet = IPv4Subnet("192.168.8.0/21")
  spec.network.privateIP = IPv4Address("192.168.8.2")
  change(&spec)
  return spec
}

private func problem(on node: NodeNetwork = .cn, _ change: (inout InstanceNetwork) -> Void) -> String? {
  workload { change(&$0.network) }.networkProblem(on: node)
}

@Test func aComputeNodeTakesWhatHasAWholeAndPossiblePlace() {
  #expect(problem { _ in } == nil)
  #expect(problem { $0.privateIP = IPv4Address("192.168.15.254") } == nil)
  let refused: [(String, (inout InstanceNetwork) -> Void)] = [
    ("vnic_mac", { $0.mac = nil }), ("vnic_mac", { $0.mac = MACAddress("00:00:00:00:00:00") }),
    ("vnic_mac", { $0.mac = MACAddress("03:00:00:00:00:01") }),
    ("concentrator_uuid", { $0.concentrator = nil }), ("concentrator_ip", { $0.concentratorIP = nil }),
    ("concentrator_ip", { $0.concentratorIP = IPv4Address("0.0.0.0") }),
    ("concentrator_ip", { $0.concentratorIP = IPv4Address("127.0.0.1") }),
    ("concentrator_ip", { $0.concentratorIP = IPv4Address("224.0.0.1") }),
    ("subnet", { $0.subnet = nil }), ("192.168.8.0/21 is meant", { $0.subnet = IPv4Subnet("192.168.8.1/21") }),
    ("private_ip", { $0.privateIP = nil }), ("private_ip", { $0.privateIP = IPv4Address("192.168.16.1") }),
    ("private_ip", { $0.privateIP = IPv4Address("192.168.8.0") }),
    ("private_ip", { $0.privateIP = IPv4Address("192.168.15.255") }),
    ("private_ip", { $0.subnet = IPv4Subnet("192.168.8.2/32") }),
  ]
  for (name, change) in refused { #expect(problem(change)?.contains(name) == true, "\(name)") }
}

@Test func aNetworkNodeTakesTenantsNetworkNodesAndAComputeNodeNone() {
  let node = workload {
    $0.resources.isNetworkNode = true
    $0.network = InstanceNetwork()
    $0.network.mac = MACAddress("02:00:e6:f5:af:f9")
  }
  #expect(node.networkProblem(on: .nn) == nil)
  #expect(node.networkProblem(on: .cn)?.contains("network_node") == true)
  #expect(workload().networkProblem(on: .nn)?.contains("network_node") == true)
  var container = node
  container.kind = .docker
  #expect(container.networkProblem(on: .nn)?.contains("vm_type") == true)
  let bare = workload {
    $0.resources.isNetworkNode = true
    $0.network.mac = nil
  }
  #expect(bare.networkProblem(on: .nn)?.contains("vnic_mac") == true)
  #expect(bare.networkProblem(on: .none) == nil)
}

@Test func aSubnetIsTheSameWhateverItsKeyAndHasOneByDefault() throws {
  let subnet = try #require(TenantSubnet(of: workload()))
  #expect(subnet.key == "567488")
  let keyed = try #require(TenantSubnet(of: workload { $0.network.subnetKey = "secret" }))
  #expect(keyed.key == "secret" && !"\(keyed)".contains("secret"))
  #expect(subnet.isSame(as: keyed) && subnet != keyed)
  for change: (inout InstanceSpec) -> Void in [
    { $0.tenant = Identifier("b3")! }, { $0.network.concentrator = Identifier("c4") },
    { $0.network.subnet = IPv4Subnet("192.168.8.0/22") },
  ] { #expect(TenantSubnet(of: workload(change))?.isSame(as: subnet) == false) }
  #expect(TenantSubnet(of: workload { $0.resources.isNetworkNode = true }) == nil)
  #expect(TenantSubnet(of: workload { $0.network.concentrator = nil }) == nil)
}

@Test func aSchedulersHostHasNoCharacterThatMeansAnything() {
  for text in ["a", "10.0.0.1", "::1", "fe80::1", "scheduler-1.example.org.", "a_b"] {
    #expect(SchedulerHost(text)?.text == text)
  }
  for text in ["", "-a", ".a", "_a", "a b", "a\n", "a#", "a/b", "ä", "\"", String(repeating: "a", count: 254)] {
    #expect(SchedulerHost(text) == nil, "\(text)")
  }
}
