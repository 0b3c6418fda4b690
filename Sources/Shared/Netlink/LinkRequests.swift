/// What is made in the kernel: one kind of interface with what is its own.
public enum LinkKind: Equatable, Sendable {
  case bridge
  /// Ethernet in GRE with a key, between two IPv4 addresses (host byte order).
  case gretap(key: UInt32, local: UInt32, remote: UInt32)
  /// Ethernet in UDP with a network identifier of 24 bits, to one other end alone.
  case vxlan(identifier: UInt32, local: UInt32, remote: UInt32, port: UInt16)
  /// A port with its own MAC on another interface, which user space reads and writes.
  case macvtap(on: Int32, address: [UInt8])
  /// A port with a MAC of its own on another interface.
  case macvlan(on: Int32)

  /// As the kernel spells it.
  public var name: String {
    switch self {
    case .bridge: "bridge"
    case .gretap: "gretap"
    case .vxlan: "vxlan"
    case .macvtap: "macvtap"
    case .macvlan: "macvlan"
    }
  }

  /// Hops of a tunnel's own packets: as many as other packets of this node have.
  private static let timeToLive: UInt8 = 64
  /// GRE_KEY of linux/if_tunnel.h, in network byte order.
  private static let greKey: UInt16 = 0x2000
  /// MACVLAN_MODE_BRIDGE
  private static let bridgeMode: UInt32 = 4

  /// Attributes of the link itself.
  fileprivate func putLinkAttributes(_ list: inout AttributeList) {
    switch self {
    case .bridge, .gretap, .vxlan: break
    case .macvtap(let lower, let address):
      list.put(RouteNumbers.address, address)
      list.put(RouteNumbers.link, host: lower)
    case .macvlan(let lower): list.put(RouteNumbers.link, host: lower)
    }
  }

  /// IFLA_GRE_*, IFLA_VXLAN_* and IFLA_MACVLAN_* of linux/if_tunnel.h and linux/if_link.h.
  fileprivate func putData(_ list: inout AttributeList) {
    switch self {
    case .bridge: break
    case .gretap(let key, let local, let remote):
      list.put(4, network: key)
      list.put(5, network: key)
      list.put(2, network: Self.greKey)
      list.put(3, network: Self.greKey)
      list.put(6, network: local)
      list.put(7, network: remote)
      // Path MTU discovery: nothing is to be fragmented on its way.
      list.put(10, host: UInt8(1))
      list.put(8, host: Self.timeToLive)
    case .vxlan(let identifier, let local, let remote, let port):
      list.put(5, host: Self.timeToLive)
      list.put(1, host: identifier)
      list.put(4, network: local)
      list.put(2, network: remote)
      // It learns nothing: there is one other end, whatever a packet says of where it comes from.
      list.put(7, host: UInt8(0))
      list.put(15, network: port)
    case .macvtap, .macvlan: list.put(1, host: Self.bridgeMode)
    }
  }

  fileprivate var hasData: Bool { self != .bridge }

  fileprivate func put(named name: String, into list: inout AttributeList) {
    putLinkAttributes(&list)
    list.put(RouteNumbers.name, name)
    list.put(nested: RouteNumbers.linkInfo) { info in
      info.put(RouteNumbers.infoKind, Array(self.name.utf8))
      if hasData { info.put(nested: RouteNumbers.infoData) { putData(&$0) } }
    }
  }
}

/// Requests about interfaces and addresses. An interface is named by its name or, where it was listed, its index.
extension NetlinkRequest {
  public static var links: NetlinkRequest {
    var attributes = AttributeList()
    attributes.put(RouteNumbers.extensionMask, host: RouteNumbers.withoutStatistics)
    return NetlinkRequest(RouteNumbers.getLink, flags: Netlink.dump, header: linkHeader(), attributes)
  }

  public static var addresses: NetlinkRequest {
    NetlinkRequest(
      RouteNumbers.getAddress, flags: Netlink.dump,
      header: [RouteNumbers.ipv4] + [UInt8](repeating: 0, count: RouteNumbers.addressHeader - 1))
  }

  public static func create(_ kind: LinkKind, name: String, mtu: UInt32) -> NetlinkRequest {
    var attributes = AttributeList()
    attributes.put(RouteNumbers.mtu, host: mtu)
    kind.put(named: name, into: &attributes)
    return NetlinkRequest(
      RouteNumbers.newLink, flags: Netlink.acknowledge | Netlink.create | Netlink.exclusive, header: linkHeader(),
      attributes)
  }

  public static func setAlias(_ alias: String, of name: String) -> NetlinkRequest {
    change(name) { $0.put(RouteNumbers.alias, Array(alias.utf8)) }
  }

  /// The interface is to have no IPv6 address of its own making. EAFNOSUPPORT: the kernel is without IPv6.
  public static func withoutIPv6(_ name: String) -> NetlinkRequest {
    change(name) { list in
      list.put(nested: RouteNumbers.familySpecific) { families in
        families.put(nested: RouteNumbers.ipv6) {
          $0.put(RouteNumbers.addressGeneration, host: RouteNumbers.noAddressGeneration)
        }
      }
    }
  }

  public static func setMTU(_ mtu: UInt32, of name: String) -> NetlinkRequest {
    change(name) { $0.put(RouteNumbers.mtu, host: mtu) }
  }

  /// Makes it a port of the bridge with this index.
  public static func join(_ bridge: Int32, _ name: String) -> NetlinkRequest {
    change(name) { $0.put(RouteNumbers.master, host: bridge) }
  }

  public static func setUp(_ name: String) -> NetlinkRequest {
    change(name, header: linkHeader(flags: RouteNumbers.up)) { _ in }
  }

  /// Keeps an address at this port of its bridge: no frame that comes in elsewhere moves it.
  public static func pin(_ address: [UInt8], to port: Int32) -> NetlinkRequest {
    neighbour(
      RouteNumbers.newNeighbour, Netlink.create | Netlink.replace, address, port, RouteNumbers.isStatic,
      RouteNumbers.ofMaster | RouteNumbers.sticky)
  }

  /// Keeps an address at the bridge itself, for what is above it.
  public static func pin(_ address: [UInt8], above bridge: Int32) -> NetlinkRequest {
    neighbour(
      RouteNumbers.newNeighbour, Netlink.create | Netlink.replace, address, bridge, RouteNumbers.isPermanent,
      RouteNumbers.ofItself)
  }

  public static func unpin(_ address: [UInt8], above bridge: Int32) -> NetlinkRequest {
    neighbour(RouteNumbers.deleteNeighbour, 0, address, bridge, RouteNumbers.isPermanent, RouteNumbers.ofItself)
  }

  /// struct ndmsg, and the address.
  private static func neighbour(
    _ type: UInt16, _ flags: UInt16, _ address: [UInt8], _ interface: Int32, _ state: UInt16, _ kind: UInt8
  ) -> NetlinkRequest {
    var header: [UInt8] = [RouteNumbers.bridge, 0, 0, 0]
    withUnsafeBytes(of: interface) { header.append(contentsOf: $0) }
    withUnsafeBytes(of: state) { header.append(contentsOf: $0) }
    header += [kind, 0]
    var attributes = AttributeList()
    attributes.put(RouteNumbers.linkLayerAddress, address)
    return NetlinkRequest(type, flags: Netlink.acknowledge | flags, header: header, attributes)
  }

  public static func delete(_ index: Int32) -> NetlinkRequest {
    NetlinkRequest(RouteNumbers.deleteLink, flags: Netlink.acknowledge, header: linkHeader(index: index))
  }

  public static func delete(named name: String) -> NetlinkRequest {
    var attributes = AttributeList()
    attributes.put(RouteNumbers.name, name)
    return NetlinkRequest(RouteNumbers.deleteLink, flags: Netlink.acknowledge, header: linkHeader(), attributes)
  }

  private static func change(
    _ name: String, header: [UInt8] = linkHeader(), _ fill: (inout AttributeList) -> Void
  ) -> NetlinkRequest {
    var attributes = AttributeList()
    attributes.put(RouteNumbers.name, name)
    fill(&attributes)
    return NetlinkRequest(RouteNumbers.newLink, flags: Netlink.acknowledge, header: header, attributes)
  }

  /// struct ifinfomsg; flags are those that are to be set.
  private static func linkHeader(index: Int32 = 0, flags: UInt32 = 0) -> [UInt8] {
    var bytes: [UInt8] = [0, 0, 0, 0]
    withUnsafeBytes(of: index) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: flags) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: flags) { bytes.append(contentsOf: $0) }
    return bytes
  }
}

extension NetlinkClient {
  public func links() throws(NetlinkError) -> [Link] {
    var links: [Link] = []
    for answer in try list(.links) {
      if let link = try Link(answer) { links.append(link) }
    }
    return links
  }

  public func addresses() throws(NetlinkError) -> [LinkAddress] {
    var addresses: [LinkAddress] = []
    for answer in try list(.addresses) {
      if let address = try LinkAddress(answer) { addresses.append(address) }
    }
    return addresses
  }
}
