/// One message from the kernel.
public struct NetlinkAnswer: Equatable, Sendable {
  public let type: UInt16
  public let flags: UInt16
  public let sequence: UInt32
  public let payload: ArraySlice<UInt8>

  /// The messages of one datagram.
  public static func all(in datagram: [UInt8]) throws(NetlinkError) -> [NetlinkAnswer] {
    var answers: [NetlinkAnswer] = []
    var rest = datagram[...]
    while !rest.isEmpty {
      let length = Int(try rest.number(at: 0, UInt32.self))
      guard length >= Netlink.headerSize, length <= rest.count else {
        throw .malformed("\(rest.count) bytes where a message says it has \(length)")
      }
      answers.append(
        NetlinkAnswer(
          type: try rest.number(at: 4, UInt16.self), flags: try rest.number(at: 6, UInt16.self),
          sequence: try rest.number(at: 8, UInt32.self),
          payload: rest[(rest.startIndex + Netlink.headerSize)..<(rest.startIndex + length)]))
      rest = rest.dropFirst(length + Netlink.padding(length))
    }
    return answers
  }

  /// The attributes behind the family's own header.
  func attributes(behind header: Int) throws(NetlinkError) -> [NetlinkAttribute] {
    guard payload.count >= header else { throw .malformed("\(payload.count) bytes where a header has \(header)") }
    return try NetlinkAttribute.all(in: payload.dropFirst(header))
  }

  /// What an acknowledgement says; nil: it was done.
  var refusal: NetlinkError? {
    get throws(NetlinkError) {
      let code = try payload.number(at: 0, Int32.self)
      guard code != 0 else { return nil }
      // The smallest number has no counterpart.
      guard code < 0, code > -4096 else { throw .malformed("an error number of \(code)") }
      return .refused(code: -code, words: try words())
    }
  }

  private func words() throws(NetlinkError) -> String {
    guard flags & Netlink.hasAttributes != 0 else { return "" }
    let repeated =
      flags & Netlink.capped != 0 ? Netlink.headerSize : Int(try payload.number(at: 4, UInt32.self))
    let attributes = try attributes(behind: 4 + repeated + Netlink.padding(repeated))
    return attributes.first { $0.type == Netlink.errorWords }?.text ?? ""
  }
}

/// One attribute of a message from the kernel.
public struct NetlinkAttribute: Equatable, Sendable {
  /// Without the flags that share its field.
  public let type: UInt16
  public let value: ArraySlice<UInt8>

  private static let typeMask: UInt16 = 0x3fff

  public static func all(in bytes: ArraySlice<UInt8>) throws(NetlinkError) -> [NetlinkAttribute] {
    var attributes: [NetlinkAttribute] = []
    var rest = bytes
    while rest.count >= AttributeList.headerSize {
      let length = Int(try rest.number(at: 0, UInt16.self))
      guard length >= AttributeList.headerSize, length <= rest.count else {
        throw .malformed("\(rest.count) bytes where an attribute says it has \(length)")
      }
      attributes.append(
        NetlinkAttribute(
          type: try rest.number(at: 2, UInt16.self) & typeMask,
          value: rest[(rest.startIndex + AttributeList.headerSize)..<(rest.startIndex + length)]))
      rest = rest.dropFirst(length + Netlink.padding(length))
    }
    return attributes
  }

  /// Up to the zero byte that ends it; what is no UTF-8 is shown as such.
  public var text: String { String(decoding: value.prefix { $0 != 0 }, as: UTF8.self) }

  public func number<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type = T.self) throws(NetlinkError) -> T {
    try value.number(at: 0, T.self)
  }
}

extension ArraySlice<UInt8> {
  /// In the byte order of this machine.
  func number<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, _: T.Type = T.self) throws(NetlinkError) -> T {
    guard count >= offset + MemoryLayout<T>.size else { throw .malformed("cut off within a number") }
    return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
  }
}
