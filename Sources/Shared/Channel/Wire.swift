/// A message that no honest sender makes: what was wrong with it.
public struct WireError: Error, Equatable, CustomStringConvertible {
  public let reason: String

  public init(_ reason: String) { self.reason = reason }

  public var description: String { reason }
}

/// Writes the fields of a message: little-endian integers, strings with their length before them.
public struct WireWriter {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func integer<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  public mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }

  public mutating func string(_ value: String) {
    let text = value.utf8
    integer(UInt32(text.count))
    bytes.append(contentsOf: text)
  }

  public mutating func optional<T>(_ value: T?, _ write: (inout WireWriter, T) -> Void) {
    bool(value != nil)
    if let value { write(&self, value) }
  }

  public mutating func list<T>(_ values: [T], _ write: (inout WireWriter, T) -> Void) {
    integer(UInt32(values.count))
    for value in values { write(&self, value) }
  }
}

/// Reads the fields of a message, each within its bound; nothing is allocated for a length that is not there.
public struct WireReader {
  private let bytes: [UInt8]
  private var offset = 0

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  private var left: Int { bytes.count - offset }

  public mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type = T.self) throws(WireError) -> T {
    guard left >= MemoryLayout<T>.size else { throw WireError("cut off within a number") }
    let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
    offset += MemoryLayout<T>.size
    return T(littleEndian: value)
  }

  public mutating func bool() throws(WireError) -> Bool {
    switch try integer(UInt8.self) {
    case 0: return false
    case 1: return true
    case let other: throw WireError("\(other) where a truth value is due")
    }
  }

  public mutating func string(limit: Int) throws(WireError) -> String {
    let count = Int(try integer(UInt32.self))
    guard count <= limit else { throw WireError("string of \(count) bytes, the limit is \(limit)") }
    guard count <= left else { throw WireError("cut off within a string") }
    defer { offset += count }
    guard let text = String(validating: bytes[offset..<offset + count], as: UTF8.self) else {
      throw WireError("string that is not UTF-8")
    }
    return text
  }

  public mutating func optional<T>(_ read: (inout WireReader) throws(WireError) -> T) throws(WireError) -> T? {
    try bool() ? try read(&self) : nil
  }

  public mutating func list<T>(limit: Int, _ read: (inout WireReader) throws(WireError) -> T) throws(WireError) -> [T] {
    let count = Int(try integer(UInt32.self))
    guard count <= limit else { throw WireError("list of \(count) items, the limit is \(limit)") }
    guard count <= left else { throw WireError("cut off within a list") }
    var items: [T] = []
    items.reserveCapacity(count)
    for _ in 0..<count { items.append(try read(&self)) }
    return items
  }

  /// A value that has a reader of its own, such as `Identifier.init`; nil from it is an error.
  public mutating func parsed<T>(limit: Int, _ what: String, _ parse: (String) -> T?) throws(WireError) -> T {
    let text = try string(limit: limit)
    guard let value = parse(text) else { throw WireError("\(what) that is malformed") }
    return value
  }

  /// A case of an enumeration that is written as its raw byte.
  public mutating func choice<T: RawRepresentable>(_: T.Type = T.self) throws(WireError) -> T
  where T.RawValue == UInt8 {
    let raw = try integer(UInt8.self)
    guard let value = T(rawValue: raw) else { throw WireError("\(raw) is no \(T.self)") }
    return value
  }

  public func end() throws(WireError) {
    guard left == 0 else { throw WireError("\(left) bytes too many") }
  }
}
