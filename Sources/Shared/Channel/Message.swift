import Linux

/// What one side of a channel may say: a closed enumeration, each case with its number, its fields and how many
/// descriptors come with it.
public protocol Message {
  /// The descriptors that travel beside the message, in order.
  var descriptors: [Descriptor] { get }

  /// Writes the kind and the fields.
  func encode(into writer: inout WireWriter)

  /// Reads kind and fields and takes exactly the descriptors that belong to them.
  init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError)
}

extension Message {
  public var descriptors: [Descriptor] { [] }
}

/// The descriptors that came with a message, taken in order.
public struct DescriptorList {
  private var waiting: [Descriptor]

  public init(_ descriptors: [Descriptor]) { waiting = descriptors.reversed() }

  public mutating func next() throws(WireError) -> Descriptor {
    guard let next = waiting.popLast() else { throw WireError("a descriptor is missing") }
    return next
  }

  public func end() throws(WireError) {
    guard waiting.isEmpty else { throw WireError("\(waiting.count) descriptors too many") }
  }
}

/// The form of every datagram: version, then what the message writes.
public enum MessageCoding {
  public static let version: UInt8 = 1
  /// Bytes: DESIGN's bound for one message; larger data travels as a sealed memory file.
  public static let maximumSize = 65_536

  public static func encode(_ message: some Message) -> [UInt8] {
    var writer = WireWriter()
    writer.integer(version)
    message.encode(into: &writer)
    return writer.bytes
  }

  public static func decode<M: Message>(_: M.Type = M.self, _ bytes: [UInt8], _ descriptors: [Descriptor])
    throws(WireError) -> M
  {
    var reader = WireReader(bytes)
    var list = DescriptorList(descriptors)
    let version = try reader.integer(UInt8.self)
    guard version == Self.version else { throw WireError("version \(version), this is version \(Self.version)") }
    let message = try M(from: &reader, descriptors: &list)
    try reader.end()
    try list.end()
    return message
  }
}
