import CShims
import Glibc
import Instances

/// The node's network interfaces that carry instances' traffic, for STATS.
///
/// Read once before the confinement, which leaves no socket to ask with: addresses that change later show after a
/// restart of launcher-net.
enum ComputeInterfaces {
  /// Interfaces that STATS names at most.
  private static let maximum = 64

  /// IPv4 address and MAC of each Ethernet interface with an address within `subnets`; without any subnet, of each
  /// that is up.
  static func list(within subnets: [IPv4Subnet]) -> [NodeSample.Network] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return [] }
    defer { freeifaddrs(first) }
    var addresses: [(name: String, ip: IPv4Address)] = []
    var macs: [String: MACAddress] = [:]
    for entry in sequence(first: first, next: { $0?.pointee.ifa_next }) {
      guard let interface = entry?.pointee, let address = interface.ifa_addr else { continue }
      let name = String(cString: interface.ifa_name)
      let isUsable = interface.ifa_flags & UInt32(IFF_UP | IFF_LOOPBACK) == UInt32(IFF_UP)
      switch Int32(address.pointee.sa_family) {
      case AF_INET where isUsable:
        let raw = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr.s_addr }
        addresses.append((name, IPv4Address(value: UInt32(bigEndian: raw))))
      case AF_PACKET: macs[name] = mac(address)
      default: break
      }
    }
    return addresses.filter { address in subnets.isEmpty || subnets.contains { $0.contains(address.ip) } }
      .compactMap { address in
        macs[address.name].map { NodeSample.Network(ip: address.ip.description, mac: $0.description) }
      }.prefix(maximum).map { $0 }
  }

  private static func mac(_ address: UnsafeMutablePointer<sockaddr>) -> MACAddress? {
    address.withMemoryRebound(to: sockaddr_ll.self, capacity: 1) { link in
      guard link.pointee.sll_halen == 6 else { return nil }
      return withUnsafeBytes(of: link.pointee.sll_addr) { MACAddress(bytes: Array($0.prefix(6))) }
    }
  }
}
