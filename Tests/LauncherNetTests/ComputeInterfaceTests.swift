import Foundation
import Instances
import Testing

@testable import launcher_net

/// Compares with what the kernel says in /sys.
@Test func eachInterfaceThatIsUpIsNamedWithItsAddressAndMAC() throws {
  let names = try FileManager.default.contentsOfDirectory(atPath: "/sys/class/net").filter { $0 != "lo" }
  let macs = Set(
    names.compactMap { try? String(contentsOfFile: "/sys/class/net/\($0)/address", encoding: .utf8) }
      .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) })
  let networks = ComputeInterfaces.list(within: [])
  #expect(networks.allSatisfy { macs.contains($0.mac) && IPv4Address($0.ip) != nil })
  #expect(!networks.contains { $0.ip.hasPrefix("127.") })
}

@Test func onlyAddressesWithinTheComputeNetworksCount() throws {
  let all = ComputeInterfaces.list(within: [])
  #expect(ComputeInterfaces.list(within: [IPv4Subnet("0.0.0.0/0")!]) == all)
  // Class E: no interface has such an address.
  #expect(ComputeInterfaces.list(within: [IPv4Subnet("240.0.0.0/4")!]) == [])
  for network in all {
    let only = ComputeInterfaces.list(within: [IPv4Subnet(network.ip + "/32")!])
    #expect(only == all.filter { $0.ip == network.ip })
  }
}
