import Foundation
import Instances
import Testing

@testable import Settings

/// Compares with what the kernel says in /sys.
@Test func eachInterfaceThatIsUpIsNamedWithItsAddressAndMAC() throws {
  for address in NodeInterfaces.list(within: []) {
    let mac = try String(contentsOfFile: "/sys/class/net/\(address.name)/address", encoding: .utf8)
    #expect(mac.trimmingCharacters(in: .whitespacesAndNewlines) == address.mac.description)
    #expect(address.ip.value >> 24 != 127)
  }
}

@Test func onlyAddressesWithinTheSubnetsCount() throws {
  let all = NodeInterfaces.list(within: [])
  #expect(NodeInterfaces.list(within: [IPv4Subnet("0.0.0.0/0")!]) == all)
  // Class E: no interface has such an address.
  #expect(NodeInterfaces.list(within: [IPv4Subnet("240.0.0.0/4")!]) == [])
  for address in all {
    let only = NodeInterfaces.list(within: [IPv4Subnet(address: address.ip, prefixLength: 32)!])
    #expect(only == all.filter { $0.ip == address.ip })
  }
}

private func interface(_ ip: String) -> NodeInterfaces.Address {
  NodeInterfaces.Address(
    name: "eth0", ip: IPv4Address(ip)!, mac: MACAddress("02:00:00:00:00:01")!, prefixLength: 24)
}

@Test func theAddressThatFacesAnotherNodeIsOnItsSubnetIfThereIsOne() {
  let all = ["10.0.0.1", "10.0.1.1"].map { interface($0) }
  #expect(NodeInterfaces.towards(IPv4Address("10.0.1.9")!, among: all)?.ip == IPv4Address("10.0.1.1"))
  #expect(NodeInterfaces.towards(IPv4Address("10.0.2.9")!, among: all)?.ip == IPv4Address("10.0.0.1"))
  #expect(NodeInterfaces.towards(IPv4Address("10.0.2.9")!, among: []) == nil)
}

@Test func aNodeInTenantsNetworksNeedsAComputeAndAManagementInterface() throws {
  let interface = interface("10.0.0.1")
  func missing(_ arguments: String...) throws -> [String] {
    try Settings(.vmm, arguments).missingInterfaces { subnets in
      subnets.isEmpty || subnets.contains { $0.contains(interface.ip) } ? [interface] : []
    }.map(\.description)
  }
  #expect(try missing("-network=none", "-compute-net=192.168.0.0/16").isEmpty)
  #expect(try missing("-network=cn").isEmpty)
  #expect(try missing("-network=nn", "-compute-net=192.168.0.0/16,10.0.0.0/8", "-mgmt-net=10.0.0.0/24").isEmpty)
  let compute = try missing("-network=cn", "-compute-net=192.168.0.0/16")
  #expect(compute.count == 1 && compute[0].contains("in 192.168.0.0/16") && compute[0].contains("with -compute-net"))
  let management = try missing("-network=nn", "-mgmt-net=172.16.0.0/12")
  #expect(management.count == 1 && management[0].contains("with -mgmt-net"))
}
