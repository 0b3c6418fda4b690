/// Numbers that all netlink families share (linux/netlink.h).
enum Netlink {
  static let headerSize = 16
  /// Message types.
  static let error: UInt16 = 2
  static let done: UInt16 = 3
  /// Flags of requests.
  static let request: UInt16 = 0x1
  static let acknowledge: UInt16 = 0x4
  static let replace: UInt16 = 0x100
  static let exclusive: UInt16 = 0x200
  static let dump: UInt16 = 0x300
  static let create: UInt16 = 0x400
  /// Flags of answers: what was listed changed meanwhile; an error repeats no more than the header of its request;
  /// an error has attributes.
  static let interrupted: UInt16 = 0x10
  static let capped: UInt16 = 0x100
  static let hasAttributes: UInt16 = 0x200
  /// The attribute of an error that says in words what was wrong.
  static let errorWords: UInt16 = 1

  /// Bytes behind `length` to the next multiple of four.
  static func padding(_ length: Int) -> Int { (4 - length % 4) % 4 }
}

/// One request to the kernel, but for its sequence number.
public struct NetlinkRequest: Equatable, Sendable {
  public let type: UInt16
  public let flags: UInt16
  /// The family's own header and attributes.
  public let payload: [UInt8]

  /// - flags: beside NLM_F_REQUEST, which every request has.
  init(_ type: UInt16, flags: UInt16, header: [UInt8], _ attributes: AttributeList = AttributeList()) {
    self.type = type
    self.flags = flags | Netlink.request
    payload = header + attributes.bytes
  }

  public func bytes(sequence: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    func append(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
    append(UInt32(Netlink.headerSize + payload.count))
    append(type)
    append(flags)
    append(sequence)
    append(UInt32(0))
    bytes += payload
    return bytes + [UInt8](repeating: 0, count: Netlink.padding(payload.count))
  }
}
