import CShims
import Glibc
import Instances

/// The node's Ethernet interfaces that are up, with their IPv4 addresses.
///
/// Asked before the confinement, which leaves no socket to ask with: addresses that change later show after a restart.
public enum NodeInterfaces {
  public struct Address: Equatable, Sendable {
    public let name: String
    public let ip: IPv4Address
    public let mac: MACAddress
    public let prefixLength: UInt8

    public init(name: String, ip: IPv4Address, mac: MACAddress, prefixLength: UInt8) {
      self.name = name
      self.ip = ip
      self.mac = mac
      self.prefixLength = prefixLength
    }

    /// On the same subnet.
    fileprivate func isBeside(_ other: IPv4Address) -> Bool {
      IPv4Subnet(address: ip, prefixLength: prefixLength)?.contains(other) ?? false
    }
  }

  /// The address that faces another node: one on the same subnet if there is one, else the first.
  public static func towards(_ other: IPv4Address, among addresses: [Address]) -> Address? {
    addresses.first { $0.isBeside(other) } ?? addresses.first
  }

  /// Addresses that count at most.
  private static let maximum = 64

  /// Each address within `subnets`; without any subnet, all.
  public static func list(within subnets: [IPv4Subnet]) -> [Address] { within(subnets, of: all()) }

  /// Those of `addresses` within `subnets`; without any subnet, all.
  public static func within(_ subnets: [IPv4Subnet], of addresses: [Address]) -> [Address] {
    addresses.filter { address in subnets.isEmpty || subnets.contains { $0.contains(address.ip) } }
      .prefix(maximum).map { $0 }
  }

  public static func all() -> [Address] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return [] }
    defer { freeifaddrs(first) }
    var addresses: [(name: String, ip: IPv4Address, prefixLength: UInt8)] = []
    var macs: [String: MACAddress] = [:]
    for entry in sequence(first: first, next: { $0?.pointee.ifa_next }) {
      guard let interface = entry?.pointee, let address = interface.ifa_addr else { continue }
      let name = String(cString: interface.ifa_name)
      let isUsable = interface.ifa_flags & UInt32(IFF_UP | IFF_LOOPBACK) == UInt32(IFF_UP)
      switch Int32(address.pointee.sa_family) {
      case AF_INET where isUsable:
        addresses.append(
          (name, ipv4(address), UInt8(interface.ifa_netmask.map { ipv4($0).value.nonzeroBitCount } ?? 32)))
      case AF_PACKET: macs[name] = mac(address)
      default: break
      }
    }
    return addresses.compactMap { address in
      macs[address.name].map {
        Address(name: address.name, ip: address.ip, mac: $0, prefixLength: address.prefixLength)
      }
    }
  }

  private static func ipv4(_ address: UnsafeMutablePointer<sockaddr>) -> IPv4Address {
    address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
      IPv4Address(value: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
    }
  }

  private static func mac(_ address: UnsafeMutablePointer<sockaddr>) -> MACAddress? {
    address.withMemoryRebound(to: sockaddr_ll.self, capacity: 1) { link in
      guard link.pointee.sll_halen == 6 else { return nil }
      return withUnsafeBytes(of: link.pointee.sll_addr) { MACAddress(bytes: Array($0.prefix(6))) }
    }
  }
}

extension Settings {
  /// An interface that `-network` needs and the node has not.
  public struct MissingInterface: Error, Equatable, CustomStringConvertible {
    public let subject: String
    public let problem: String
    public let remedy: String

    public var description: String { "\(problem): \(remedy)" }
  }

  /// What is missing of the interfaces that `-network` needs.
  public func missingInterfaces(
    list: ([IPv4Subnet]) -> [NodeInterfaces.Address] = NodeInterfaces.list
  ) -> [MissingInterface] {
    guard network != .none else { return [] }
    return [("compute", "compute-net", computeNetworks), ("management", "mgmt-net", managementNetworks)]
      .filter { list($0.2).isEmpty }.map { name, option, subnets in
        let places = subnets.map(\.description).joined(separator: ", ")
        return MissingInterface(
          subject: "\(name) network",
          problem: "-network \(network.rawValue): no Ethernet interface that is up has an IPv4 address"
            + (subnets.isEmpty ? "" : " in \(places)"),
          remedy: "bring the interface to the \(name) network up, or name the subnet of its address with -\(option)")
      }
  }

  /// Ends in an error where an interface is missing that `-network` needs.
  public func requireInterfaces() throws(MissingInterface) {
    if let missing = missingInterfaces().first { throw missing }
  }

  /// What `-check-config` says of them.
  public var interfaceFindings: [Finding] {
    guard network != .none else { return [] }
    let missing = missingInterfaces()
    if !missing.isEmpty { return missing.map { Finding(.missing, $0.subject, $0.problem, remedy: $0.remedy) } }
    return [("compute network", computeNetworks), ("management network", managementNetworks)].map { subject, subnets in
      let found = NodeInterfaces.list(within: subnets).map { "\($0.name) \($0.ip)" }
      return Finding(.ready, subject, found.joined(separator: ", "))
    }
  }
}
