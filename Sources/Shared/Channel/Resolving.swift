import Linux

/// What launcher-net may ask of its resolver: the addresses of one host.
public struct ResolveRequest: Message {
  /// Bytes: the longest DNS name.
  public static let maximumHost = 253

  public let host: String

  public init(host: String) { self.host = host }

  public func encode(into writer: inout WireWriter) { writer.string(host) }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    host = try reader.string(limit: Self.maximumHost)
  }
}

/// What the resolver answers: textual addresses of `host` in the order in which they are to be tried, or why there are
/// none.
public struct ResolveAnswer: Message {
  static let maximumAddresses = 32
  static let maximumText = 256

  public let host: String
  public let addresses: [String]
  public let failure: String

  public init(host: String, addresses: [String], failure: String) {
    self.host = host
    self.addresses = Array(addresses.prefix(Self.maximumAddresses))
    self.failure = failure
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(host)
    writer.list(addresses) { $0.string($1) }
    writer.string(failure)
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    host = try reader.string(limit: ResolveRequest.maximumHost)
    addresses = try reader.list(limit: Self.maximumAddresses) { (r) throws(WireError) in
      try r.string(limit: Self.maximumText)
    }
    failure = try reader.string(limit: Self.maximumText)
  }
}
