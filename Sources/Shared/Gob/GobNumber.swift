/// An unsigned number as gob writes it: below 128 one byte, else the negated count of the bytes that follow and
/// these bytes, the most significant first.
struct GobNumber {
  /// Longest form, in bytes.
  static let maximumWidth = 9

  var value: UInt64
  /// Bytes taken.
  var width: Int

  /// Reads a number at the start of `range`; nil when it ends behind the range.
  init?(_ bytes: [UInt8], _ range: Range<Int>) throws(GobError) {
    guard let at = range.first else { return nil }
    let first = bytes[at]
    guard first >= 0x80 else {
      self.init(value: UInt64(first), width: 1)
      return
    }
    let count = 0x100 - Int(first)
    guard count < Self.maximumWidth else { throw .malformedNumber(firstByte: first) }
    guard count < range.count else { return nil }
    var value: UInt64 = 0
    for byte in bytes[at + 1...at + count] {
      value = value << 8 | UInt64(byte)
    }
    self.init(value: value, width: count + 1)
  }

  private init(value: UInt64, width: Int) {
    self.value = value
    self.width = width
  }

  static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    guard value >= 0x80 else {
      bytes.append(UInt8(value))
      return
    }
    let count = (71 - value.leadingZeroBitCount) / 8
    bytes.append(UInt8(0x100 - count))
    for shift in stride(from: (count - 1) * 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
    }
  }

  /// Signed numbers keep the sign in bit 0.
  static func append(signed value: Int64, to bytes: inout [UInt8]) {
    append(UInt64(bitPattern: value << 1 ^ value >> 63), to: &bytes)
  }
}
