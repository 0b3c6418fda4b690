/// A network interface as the kernel lists it (RTM_NEWLINK).
public struct Link: Equatable, Sendable {
  public var index: Int32
  public var name = ""
  /// What an operator, or this program, wrote on it (IFLA_IFALIAS).
  public var alias = ""
  /// `bridge`, `gretap`, `vxlan`, `tun`, `macvtap` and others; empty for hardware.
  public var kind = ""
  public var mtu: UInt32 = 0
  /// The interface whose port it is; 0: none.
  public var master: Int32 = 0
  public var isUp = false
  public var address: [UInt8] = []

  /// Bytes of an interface's name, without the zero byte that ends it.
  public static let maximumName = 15
  /// Bytes of an alias.
  public static let maximumAlias = 255

  public init(index: Int32) { self.index = index }

  /// nil for another kind of message.
  public init?(_ answer: NetlinkAnswer) throws(NetlinkError) {
    guard answer.type == RouteNumbers.newLink else { return nil }
    let attributes = try answer.attributes(behind: RouteNumbers.linkHeader)
    self.init(index: try answer.payload.number(at: 4))
    isUp = try answer.payload.number(at: 8, UInt32.self) & RouteNumbers.up != 0
    for attribute in attributes {
      switch attribute.type {
      case RouteNumbers.address: address = Array(attribute.value)
      case RouteNumbers.name: name = attribute.text
      case RouteNumbers.mtu: mtu = try attribute.number()
      case RouteNumbers.master: master = try attribute.number()
      case RouteNumbers.alias: alias = attribute.text
      case RouteNumbers.linkInfo:
        let info = try NetlinkAttribute.all(in: attribute.value)
        kind = info.first { $0.type == RouteNumbers.infoKind }?.text ?? ""
      default: break
      }
    }
  }
}

/// An IPv4 address of an interface (RTM_NEWADDR).
public struct LinkAddress: Equatable, Sendable {
  public let index: Int32
  /// In host byte order.
  public let address: UInt32
  public let prefixLength: UInt8

  public init(index: Int32, address: UInt32, prefixLength: UInt8) {
    self.index = index
    self.address = address
    self.prefixLength = prefixLength
  }

  /// nil for another kind of message, and for addresses of other families.
  public init?(_ answer: NetlinkAnswer) throws(NetlinkError) {
    guard answer.type == RouteNumbers.newAddress else { return nil }
    let attributes = try answer.attributes(behind: RouteNumbers.addressHeader)
    guard try answer.payload.number(at: 0, UInt8.self) == RouteNumbers.ipv4,
      // Of a point-to-point link the local address is the node's own; elsewhere both are the same.
      let own = attributes.first(where: { $0.type == RouteNumbers.localAddress })
        ?? attributes.first(where: { $0.type == RouteNumbers.address })
    else { return nil }
    index = try answer.payload.number(at: 4)
    prefixLength = try answer.payload.number(at: 1)
    address = UInt32(bigEndian: try own.number())
  }
}

/// Numbers of rtnetlink (linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h).
enum RouteNumbers {
  static let newLink: UInt16 = 16
  static let deleteLink: UInt16 = 17
  static let getLink: UInt16 = 18
  static let newAddress: UInt16 = 20
  static let getAddress: UInt16 = 22
  static let newNeighbour: UInt16 = 28
  static let deleteNeighbour: UInt16 = 29
  /// Bytes of struct ifinfomsg and struct ifaddrmsg.
  static let linkHeader = 16
  static let addressHeader = 8
  /// IFF_UP
  static let up: UInt32 = 1
  /// AF_BRIDGE; of struct ndmsg NUD_NOARP | NUD_REACHABLE, NUD_PERMANENT, NTF_MASTER, NTF_SELF and NTF_STICKY; NDA_LLADDR
  static let bridge: UInt8 = 7
  static let isStatic: UInt16 = 0x42
  static let isPermanent: UInt16 = 0x80
  static let ofMaster: UInt8 = 0x04
  static let ofItself: UInt8 = 0x02
  static let sticky: UInt8 = 0x40
  static let linkLayerAddress: UInt16 = 2
  /// AF_INET, AF_INET6
  static let ipv4: UInt8 = 2
  static let ipv6: UInt16 = 10

  // IFLA_*, and of addresses IFA_ADDRESS and IFA_LOCAL, which are 1 and 2.
  static let address: UInt16 = 1
  static let localAddress: UInt16 = 2
  static let name: UInt16 = 3
  static let mtu: UInt16 = 4
  static let link: UInt16 = 5
  static let master: UInt16 = 10
  static let linkInfo: UInt16 = 18
  static let infoKind: UInt16 = 1
  static let infoData: UInt16 = 2
  static let alias: UInt16 = 20
  static let familySpecific: UInt16 = 26
  static let extensionMask: UInt16 = 29
  /// RTEXT_FILTER_SKIP_STATS
  static let withoutStatistics: UInt32 = 1 << 3
  /// IFLA_INET6_ADDR_GEN_MODE and IN6_ADDR_GEN_MODE_NONE
  static let addressGeneration: UInt16 = 8
  static let noAddressGeneration: UInt8 = 1
}
