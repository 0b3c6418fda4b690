/// What the scheduler's configuration says of a node's limits. nil: it does not say.
public struct ConfiguredLimits: Equatable, Sendable {
  public var memory: Bool?
  public var disk: Bool?

  public init(memory: Bool? = nil, disk: Bool? = nil) {
    self.memory = memory
    self.disk = disk
  }

  func encode(into writer: inout WireWriter) {
    writer.optional(memory) { $0.bool($1) }
    writer.optional(disk) { $0.bool($1) }
  }

  init(from reader: inout WireReader) throws(WireError) {
    memory = try reader.optional { (r) throws(WireError) in try r.bool() }
    disk = try reader.optional { (r) throws(WireError) in try r.bool() }
  }
}
