/// Attributes of a message (struct nlattr): length, type and value, each padded to four bytes.
public struct AttributeList: Equatable, Sendable {
  /// Marks an attribute that holds attributes (NLA_F_NESTED).
  static let nestedFlag: UInt16 = 1 << 15
  static let headerSize = 4

  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func put(_ type: UInt16, _ value: [UInt8]) {
    // A value of 64 KiB and more cannot be said; nothing here comes near that.
    let length = UInt16(Self.headerSize + value.count)
    append(length)
    append(type)
    bytes += value
    bytes += [UInt8](repeating: 0, count: Netlink.padding(Int(length)))
  }

  /// In the byte order of this machine.
  public mutating func put(_ type: UInt16, host value: some FixedWidthInteger) {
    put(type, withUnsafeBytes(of: value) { Array($0) })
  }

  /// In the byte order of networks.
  public mutating func put(_ type: UInt16, network value: some FixedWidthInteger) {
    put(type, withUnsafeBytes(of: value.bigEndian) { Array($0) })
  }

  /// With the zero byte that ends it.
  public mutating func put(_ type: UInt16, _ text: String) { put(type, Array(text.utf8) + [0]) }

  /// Attributes within an attribute. `flagged`: as newer parts of the kernel want it; rtnetlink does without.
  public mutating func put(nested type: UInt16, flagged: Bool = false, _ fill: (inout AttributeList) -> Void) {
    var inner = AttributeList()
    fill(&inner)
    put(flagged ? type | Self.nestedFlag : type, inner.bytes)
  }

  private mutating func append(_ value: UInt16) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
}
