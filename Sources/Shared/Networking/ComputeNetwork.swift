import Instances
import Netlink

/// The node's interface to other nodes of tenants' networks.
struct ComputeInterface: Equatable {
  let link: Link
  let address: IPv4Address
  let prefixLength: UInt8
}

/// The node's interfaces and addresses that carry instances' traffic.
struct ComputeNetwork {
  private static let loopback = IPv4Subnet("127.0.0.0/8")!

  /// At least one.
  let interfaces: [ComputeInterface]

  /// Fails with the option that says which they are, and the addresses that there are.
  init(_ subnets: [IPv4Subnet], _ links: [Link], _ addresses: [LinkAddress]) throws(NetworkFailure) {
    let byIndex = Dictionary(links.map { ($0.index, $0) }) { $1 }
    let all = addresses.compactMap { address in
      byIndex[address.index].map {
        ComputeInterface(
          link: $0, address: IPv4Address(value: address.address), prefixLength: address.prefixLength)
      }
    }
    interfaces = all.filter { interface in
      guard interface.link.isUp else { return false }
      return subnets.isEmpty
        ? !Self.loopback.contains(interface.address) : subnets.contains { $0.contains(interface.address) }
    }
    guard interfaces.isEmpty else { return }
    let known = all.map { "\($0.link.name) \($0.address)\($0.link.isUp ? "" : " (down)")" }.joined(separator: ", ")
    throw NetworkFailure(
      "find the compute network",
      "no interface that is up has an address in "
        + (subnets.isEmpty ? "any subnet but loopback's" : subnets.map(\.description).joined(separator: ", "))
        + " (-compute-net); there are: \(known.isEmpty ? "none" : known)")
  }

  /// By which another node is reached: on the same subnet if there is one, else the first.
  func interface(towards other: IPv4Address) -> ComputeInterface {
    interfaces.first {
      IPv4Subnet(address: $0.address, prefixLength: $0.prefixLength)?.contains(other) ?? false
    } ?? interfaces[0]
  }
}

/// The longest packet (MTU) in a tenant's network.
enum TenantMTU {
  /// The shortest that IPv4 allows (RFC 791).
  private static let minimum = 68
  /// What a tap takes: 65535 bytes less its Ethernet header.
  private static let maximum = 65_521

  /// - lower: of the interface that carries the tunnel, or that a macvtap is on.
  static func within(_ lower: Link, overhead: Int) throws(NetworkFailure) -> UInt16 {
    let mtu = min(Int(lower.mtu) - overhead, maximum)
    guard mtu >= minimum else {
      throw NetworkFailure(
        "set the MTU", "\(lower.name) has \(lower.mtu) bytes, a tunnel on it takes \(overhead), which leaves too few")
    }
    return UInt16(mtu)
  }
}
