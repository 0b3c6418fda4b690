/// Reads the value of one message in place, in the order in which it stands there.
///
/// A structure is read by `structure()` and then `nextField(of:)` until that gives nil; after each step, one call of
/// a reading method takes the field's value. A value that is not taken is skipped by the next step, whatever its kind.
/// Slices work the same by `slice(limit:)` and `nextElement(of:)`.
///
/// Every method throws when the value is of another kind or does not fit.
public struct GobReader {
  let bytes: [UInt8]
  var position: Int
  let end: Int
  let types: [GobTypeID: GobType]
  let limits: GobLimits
  /// The type of the value that stands at `position`; nil when it has been taken.
  var pending: GobTypeID?
  /// The field that is being read, for errors.
  private(set) var place = "message"
  var depth = 0
  private var valuesLeft: Int

  init(_ bytes: [UInt8], _ range: Range<Int>, types: [GobTypeID: GobType], limits: GobLimits) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
    self.types = types
    self.limits = limits
    valuesLeft = limits.values
  }

  // MARK: Values

  /// An unsigned number that fits `Number`.
  public mutating func unsigned<Number: FixedWidthInteger & UnsignedInteger>(
    _: Number.Type = Number.self
  ) throws(GobError) -> Number {
    let type = try take()
    guard case .unsigned = type else { throw mismatch(type, GobType.unsigned.noun) }
    let value = try unsignedNumber()
    guard let fitting = Number(exactly: value) else {
      throw .outOfRange(field: place, value: value, maximum: UInt64(Number.max))
    }
    return fitting
  }

  public mutating func signed() throws(GobError) -> Int64 {
    let type = try take()
    guard case .signed = type else { throw mismatch(type, GobType.signed.noun) }
    return try signedNumber()
  }

  /// A byte slice, copied out of the message.
  public mutating func byteSlice() throws(GobError) -> [UInt8] {
    let type = try take()
    guard case .bytes = type else { throw mismatch(type, GobType.bytes.noun) }
    return Array(bytes[try byteRange()])
  }

  /// A string of at most `limit` bytes. What is not UTF-8 in it is replaced.
  public mutating func string(limit: Int) throws(GobError) -> String {
    let type = try take()
    guard case .string = type else { throw mismatch(type, GobType.string.noun) }
    let range = try byteRange()
    guard range.count <= limit else { throw .tooMany(what: "bytes in a string", limit: limit) }
    return String(decoding: bytes[range], as: UTF8.self)
  }

  /// What a self-encoding type made of its value.
  public mutating func selfEncoded() throws(GobError) -> [UInt8] {
    let type = try take()
    guard case .selfEncoded = type else { throw mismatch(type, GobType.selfEncoded.noun) }
    return Array(bytes[try byteRange()])
  }

  /// An array of exactly `count` unsigned numbers below 256, such as `[16]uint8`.
  public mutating func byteArray(count: Int) throws(GobError) -> [UInt8] {
    var elements = try array(count: count)
    var result: [UInt8] = []
    while try nextElement(of: &elements) {
      result.append(try unsigned())
    }
    return result
  }

  // MARK: Structures, arrays and slices

  /// Where the reading of a structure stands.
  public struct Fields {
    fileprivate let all: [GobField]
    fileprivate var number = -1
  }

  /// Begins a structure.
  public mutating func structure() throws(GobError) -> Fields {
    let type = try take()
    guard case .structure(let fields) = type else { throw mismatch(type, "a structure") }
    try descend()
    return Fields(all: fields)
  }

  /// Steps to the next field that is present and gives its name; nil at the end of the structure.
  public mutating func nextField(of fields: inout Fields) throws(GobError) -> String? {
    try skip()
    let delta = try unsignedNumber()
    guard delta > 0 else {
      depth -= 1
      return nil
    }
    guard delta <= UInt64(fields.all.count - 1 - fields.number) else {
      throw .fieldOutOfBounds(after: place, delta: delta, fields: fields.all.count)
    }
    fields.number += Int(delta)
    let field = fields.all[fields.number]
    place = field.name
    try expect(field.type)
    return field.name
  }

  /// Where the reading of an array or slice stands.
  public struct Elements {
    fileprivate let type: GobTypeID
    fileprivate var left: Int
  }

  /// Begins an array whose type has exactly `count` elements.
  public mutating func array(count: Int) throws(GobError) -> Elements {
    let type = try take()
    guard case .array(let element, let declared) = type else { throw mismatch(type, "an array") }
    guard declared == count else { throw .wrongCount(field: place, wanted: count, found: UInt64(declared)) }
    return try arrayElements(element, declared)
  }

  /// Begins a slice of at most `limit` elements.
  public mutating func slice(limit: Int) throws(GobError) -> Elements {
    let type = try take()
    guard case .slice(let element) = type else { throw mismatch(type, "a slice") }
    let elements = try sliceElements(element)
    guard elements.left <= limit else { throw .tooMany(what: "elements of a slice", limit: limit) }
    return elements
  }

  /// Steps to the next element; false behind the last one.
  public mutating func nextElement(of elements: inout Elements) throws(GobError) -> Bool {
    try skip()
    guard elements.left > 0 else {
      depth -= 1
      return false
    }
    elements.left -= 1
    try expect(elements.type)
    return true
  }

  mutating func arrayElements(_ element: GobTypeID, _ declared: Int) throws(GobError) -> Elements {
    let count = try unsignedNumber()
    guard count == declared else { throw .wrongCount(field: place, wanted: declared, found: count) }
    guard declared <= end - position else { throw .truncated(field: place) }
    try descend()
    return Elements(type: element, left: declared)
  }

  mutating func sliceElements(_ element: GobTypeID) throws(GobError) -> Elements {
    let count = try boundedCount()
    try descend()
    return Elements(type: element, left: count)
  }

  // MARK: Parts

  mutating func take() throws(GobError) -> GobType {
    guard let id = pending else { throw .invalidValue(field: place, why: "has been read already") }
    pending = nil
    guard let type = types[id] else { throw .unknownType(id: id, field: place) }
    return type
  }

  mutating func expect(_ type: GobTypeID) throws(GobError) {
    guard valuesLeft > 0 else { throw .tooMany(what: "values in a message", limit: limits.values) }
    valuesLeft -= 1
    pending = type
  }

  mutating func descend() throws(GobError) {
    guard depth < limits.depth else { throw .tooMany(what: "values inside each other", limit: limits.depth) }
    depth += 1
  }

  func mismatch(_ found: GobType, _ wanted: String) -> GobError {
    .wrongKind(field: place, wanted: wanted, found: found.noun)
  }

  /// A count of bytes, elements or entries, of each of which the message must still hold at least one byte.
  mutating func boundedCount() throws(GobError) -> Int {
    let count = try unsignedNumber()
    guard count <= UInt64(end - position) else { throw .truncated(field: place) }
    return Int(count)
  }

  /// Steps over a count and as many bytes, and tells where these are.
  mutating func byteRange() throws(GobError) -> Range<Int> {
    let count = try boundedCount()
    defer { position += count }
    return position..<position + count
  }

  mutating func unsignedNumber() throws(GobError) -> UInt64 {
    guard let number = try GobNumber(bytes, position..<end) else { throw .truncated(field: place) }
    position += number.width
    return number.value
  }

  mutating func signedNumber() throws(GobError) -> Int64 {
    let value = try unsignedNumber()
    let magnitude = Int64(value >> 1)
    return value & 1 == 0 ? magnitude : ~magnitude
  }
}
