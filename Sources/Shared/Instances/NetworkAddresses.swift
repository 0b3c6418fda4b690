/// An Ethernet address: six bytes.
public struct MACAddress: Hashable, Sendable, CustomStringConvertible {
  public let bytes: [UInt8]

  /// nil unless `bytes` holds exactly six.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 6 else { return nil }
    self.bytes = bytes
  }

  /// Reads `02:00:e6:f5:af:f9` (two hexadecimal digits a byte, in either case); nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 6,
      parts.allSatisfy({ $0.utf8.count == 2 && $0.allSatisfy { $0.isASCII && $0.isHexDigit } })
    else { return nil }
    let bytes = parts.compactMap { UInt8($0, radix: 16) }
    guard bytes.count == 6 else { return nil }
    self.bytes = bytes
  }

  /// A multicast address names a group: no network card may have one.
  public var isMulticast: Bool { bytes[0] & 1 != 0 }

  /// One network card can have it.
  public var isUnicast: Bool { !isMulticast && bytes.contains { $0 != 0 } }

  public var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
  }
}

/// An IPv4 address in host byte order.
public struct IPv4Address: Hashable, Sendable, CustomStringConvertible {
  public let value: UInt32

  public init(value: UInt32) { self.value = value }

  /// Reads four decimal numbers joined by dots, without leading zeros; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard part.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), part.utf8.count == 1 || part.utf8.first != 0x30,
        let byte = UInt8(part)
      else { return nil }
      value = value << 8 | UInt32(byte)
    }
    self.value = value
  }

  /// A computer on a network can have it: it is neither multicast nor reserved, of this network, or loopback.
  public var isUnicast: Bool { (1...223).contains(value >> 24) && value >> 24 != 127 }

  public var description: String {
    [24, 16, 8, 0].map { String((value >> UInt32($0)) & 0xff) }.joined(separator: ".")
  }
}

/// An IPv4 subnet: address and prefix length, as `192.168.8.0/21`.
public struct IPv4Subnet: Hashable, Sendable, CustomStringConvertible {
  public let address: IPv4Address
  public let prefixLength: UInt8

  /// nil when `prefixLength` is above 32.
  public init?(address: IPv4Address, prefixLength: UInt8) {
    guard prefixLength <= 32 else { return nil }
    self.address = address
    self.prefixLength = prefixLength
  }

  /// Reads `a.b.c.d/n`; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPv4Address(parts[0]),
      parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let length = UInt8(parts[1])
    else { return nil }
    self.init(address: address, prefixLength: length)
  }

  public var mask: UInt32 { prefixLength == 0 ? 0 : ~0 << (32 - UInt32(prefixLength)) }

  /// The subnet's own address, which is its first.
  public var first: IPv4Address { IPv4Address(value: address.value & mask) }

  /// The first address of a host, where the tenant's gateway is: on the concentrator.
  public var gateway: IPv4Address { IPv4Address(value: first.value &+ 1) }

  /// Its last address, for broadcasts.
  public var last: IPv4Address { IPv4Address(value: address.value | ~mask) }

  /// The same subnet, by its own address.
  public var normal: IPv4Subnet { IPv4Subnet(address: first, prefixLength: prefixLength) ?? self }

  /// An address for a host: inside, and neither the subnet's own nor for broadcasts.
  public func hasHost(_ other: IPv4Address) -> Bool { contains(other) && other != first && other != last }

  /// The key of a subnet that was given none: the bytes of its address, read as a little-endian number, in decimal.
  public var defaultKey: String { String(first.value.byteSwapped) }

  public func contains(_ other: IPv4Address) -> Bool { other.value & mask == address.value & mask }

  public var description: String { "\(address)/\(prefixLength)" }
}
