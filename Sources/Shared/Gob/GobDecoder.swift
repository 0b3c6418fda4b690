/// Decodes a stream of Go's `encoding/gob` that arrives in pieces of any size.
///
/// Feed what was read, then take values until there are none: so the decoder never holds more than one message of
/// `GobLimits.messageBytes` and one read. The time spent is linear in the bytes fed, however they are cut.
public struct GobDecoder: Sendable {
  /// A buffer that has grown beyond this many bytes is given back when it is empty.
  private static let keptCapacity = 256 << 10

  private let limits: GobLimits
  private var types = GobType.builtIn
  private var buffer: [UInt8] = []
  /// Where the first byte not yet decoded is in `buffer`.
  private var head = 0
  private var failure: GobError?

  public init(limits: GobLimits = GobLimits()) {
    self.limits = limits
  }

  /// Bytes that wait for the rest of their message.
  public var bufferedBytes: Int { buffer.count - head }

  public mutating func feed(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { feed($0) }
  }

  /// Appends what was read from the peer. Nothing is taken after a failure.
  public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    guard failure == nil else { return }
    guard bufferedBytes < limits.messageBytes + GobNumber.maximumWidth else {
      fail(.notDrained(limit: limits.messageBytes))
      return
    }
    compact()
    // As bytes the array copies them in one go.
    bytes.withMemoryRebound(to: UInt8.self) { buffer.append(contentsOf: $0) }
  }

  /// Decodes up to the next value and hands it to `read`; nil when more bytes are needed.
  ///
  /// Each call after an error throws it again.
  public mutating func next<Record>(
    _ read: (inout GobReader) throws(GobError) -> Record
  ) throws(GobError) -> Record? {
    if let failure { throw failure }
    do throws(GobError) {
      while let message = try nextMessage() {
        let record = try decode(message, read)
        // The memory of a large message is given back before its reader works on it.
        if head == buffer.count { compact() }
        if let record { return record }
      }
      return nil
    } catch {
      fail(error)
      throw error
    }
  }

  /// Forgets all definitions, as does a peer that reads the rest of the stream by another decoder.
  public mutating func forgetDefinitions() {
    types = GobType.builtIn
  }

  private mutating func fail(_ error: GobError) {
    failure = error
    buffer = []
    head = 0
  }

  /// Removes what is decoded, as soon as that is at least as much as must be moved for it.
  private mutating func compact() {
    if head == buffer.count {
      buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacity)
      head = 0
    } else if head >= buffer.count - head {
      buffer.removeSubrange(..<head)
      head = 0
    }
  }

  /// The place of the next message's body; nil as long as it is not there as a whole.
  private mutating func nextMessage() throws(GobError) -> Range<Int>? {
    guard let length = try GobNumber(buffer, head..<buffer.count) else { return nil }
    guard length.value > 0 else { throw .emptyMessage }
    guard length.value <= UInt64(limits.messageBytes) else {
      throw .messageTooLong(bytes: length.value, limit: limits.messageBytes)
    }
    let start = head + length.width
    guard Int(length.value) <= buffer.count - start else { return nil }
    head = start + Int(length.value)
    return start..<head
  }

  /// Takes the definitions of a message and the value behind them; nil when no value is there.
  private mutating func decode<Record>(
    _ message: Range<Int>, _ read: (inout GobReader) throws(GobError) -> Record
  ) throws(GobError) -> Record? {
    var rest = message
    while !rest.isEmpty {
      var definition = GobReader(buffer, rest, types: GobType.builtIn, limits: limits)
      let id = try definition.signedNumber()
      guard id < 0 else {
        return try value(of: id, definition.position..<rest.upperBound, read)
      }
      try define(id, &definition)
      rest = definition.position..<rest.upperBound
    }
    return nil
  }

  private mutating func define(_ negative: GobTypeID, _ reader: inout GobReader) throws(GobError) {
    guard negative >= -GobType.lastDefinableID, negative <= -GobType.firstDefinableID else {
      throw .malformedDefinition(id: negative, why: "its id is not free to be given")
    }
    let id = -negative
    guard types[id] == nil else { throw .malformedDefinition(id: id, why: "it was defined before") }
    guard types.count - GobType.builtIn.count < limits.types else {
      throw .tooMany(what: "type definitions", limit: limits.types)
    }
    types[id] = try reader.definition(of: id)
  }

  private func value<Record>(
    of type: GobTypeID, _ range: Range<Int>, _ read: (inout GobReader) throws(GobError) -> Record
  ) throws(GobError) -> Record {
    var reader = GobReader(buffer, range, types: types, limits: limits)
    if case .structure? = types[type] {
    } else if try reader.unsignedNumber() != 0 {
      throw .invalidValue(field: "message", why: "lacks the 0 before a value that is not a structure")
    }
    try reader.expect(type)
    let record = try read(&reader)
    try reader.skip()
    guard reader.position == reader.end else { throw .trailingBytes(count: reader.end - reader.position) }
    return record
  }
}
