/// A text to be given to libyaml: examined for what would make libyaml slow, and able to turn the character
/// indices of libyaml's marks into byte offsets.
///
/// Only UTF-8 is taken. A byte order mark in front belongs to the stream, not to a document: it is passed over.
struct YAMLText {
  let bytes: [UInt8]
  /// Offset of the first byte after the byte order mark.
  let origin: Int
  /// How many characters begin before each `stride`th byte after the origin.
  private var checkpoints: [UInt32] = []
  private var isASCII = false

  /// Bytes between checkpoints: a checkpoint costs 4 bytes, a lookup walks at most this far.
  private static let stride = 64

  init(_ bytes: [UInt8], maximumLength: Int) throws(YAMLError) {
    guard bytes.count <= maximumLength else {
      throw .refused("it has \(bytes.count) bytes; at most \(maximumLength) are taken")
    }
    self.bytes = bytes
    origin = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    try examine()
  }

  /// One pass over the text that fills the checkpoints and refuses what libyaml takes quadratic time for.
  private mutating func examine() throws(YAMLError) {
    let origin = origin
    var checkpoints: [UInt32] = []
    checkpoints.reserveCapacity((bytes.count - origin) / Self.stride + 1)
    var directives = 0
    var longestDirective = 0
    var characters = 0
    var run = 0
    var runs = 0
    var longestRun = 0
    bytes.withUnsafeBufferPointer { buffer in
      for i in origin..<buffer.count {
        let byte = buffer[i]
        if (i - origin) % Self.stride == 0 { checkpoints.append(UInt32(characters)) }
        if byte & 0xc0 != 0x80 { characters += 1 }
        if byte == UInt8(ascii: "%"), i == origin || Self.mayBreakLine(buffer[i - 1]),
          buffer[i...].starts(with: "%TAG".utf8)
        {
          directives += 1
          let rest = buffer[i...].prefix(YAMLLimits.tagDirectiveBytes + 1)
          longestDirective = max(longestDirective, (rest.firstIndex { $0 == 10 || $0 == 13 } ?? rest.endIndex) - i)
        }
        if Self.mayBeBlank(byte) {
          run += 1
        } else if run > 0 {
          runs += 1
          longestRun = max(longestRun, run)
          run = 0
        }
      }
    }
    guard directives <= YAMLLimits.tagDirectives, longestDirective <= YAMLLimits.tagDirectiveBytes else {
      throw .refused("its %TAG directives are too many or too long")
    }
    guard longestRun * runs <= YAMLLimits.blankWork else {
      throw .refused("it has a run of \(longestRun) blanks beside \(runs) others, which takes too long to read")
    }
    self.checkpoints = checkpoints
    isASCII = characters == bytes.count - origin
  }

  /// A blank, a line break, or a part of one of the line breaks outside ASCII (U+0085, U+2028, U+2029).
  @inline(__always)
  private static func mayBeBlank(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x09, 0x0a, 0x0d, 0x85, 0x80, 0xa8, 0xa9, 0xc2, 0xe2: true
    default: false
    }
  }

  /// The last byte of a line break, or of another character that ends with the same byte.
  private static func mayBreakLine(_ byte: UInt8) -> Bool {
    [0x0a, 0x0d, 0x85, 0xa8, 0xa9].contains(byte)
  }

  /// The offset of the byte with which character `index`, counted from the origin, begins; the end of the text
  /// for an index beyond it.
  func byteOffset(ofCharacter index: Int) -> Int {
    if isASCII { return min(origin + index, bytes.count) }
    var low = 0
    var high = checkpoints.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if Int(checkpoints[middle]) <= index { low = middle } else { high = middle }
    }
    guard low < checkpoints.count else { return bytes.count }
    var count = Int(checkpoints[low])
    var offset = origin + low * Self.stride
    while offset < bytes.count {
      if bytes[offset] & 0xc0 != 0x80 {
        if count == index { break }
        count += 1
      }
      offset += 1
    }
    return offset
  }

  /// The number of characters between the origin and the byte at `offset`.
  func characterIndex(ofByte offset: Int) -> Int {
    if isASCII { return offset - origin }
    let checkpoint = (offset - origin) / Self.stride
    guard checkpoint < checkpoints.count else { return bytes[origin...].count { $0 & 0xc0 != 0x80 } }
    let start = origin + checkpoint * Self.stride
    return Int(checkpoints[checkpoint]) + bytes[start..<offset].count { $0 & 0xc0 != 0x80 }
  }

  // MARK: Lines, broken where libyaml breaks them

  /// Length of the line break at `offset` in bytes; 0 where there is none.
  func lineBreakLength(at offset: Int) -> Int {
    guard offset < bytes.count else { return 0 }
    switch bytes[offset] {
    case 0x0a: return 1
    case 0x0d: return offset + 1 < bytes.count && bytes[offset + 1] == 0x0a ? 2 : 1
    case 0xc2: return offset + 1 < bytes.count && bytes[offset + 1] == 0x85 ? 2 : 0
    case 0xe2:
      guard offset + 2 < bytes.count, bytes[offset + 1] == 0x80 else { return 0 }
      return bytes[offset + 2] == 0xa8 || bytes[offset + 2] == 0xa9 ? 3 : 0
    default: return 0
    }
  }

  /// The first offset behind the next line break at or after `offset`; `limit` when there is none before it.
  func nextLine(after offset: Int, limit: Int) -> Int {
    var i = offset
    while i < limit {
      let length = lineBreakLength(at: i)
      if length > 0 { return min(i + length, limit) }
      i += 1
    }
    return limit
  }

  /// Whether a line begins at `offset`.
  func isLineStart(_ offset: Int) -> Bool {
    offset == origin || (1...3).contains { offset - $0 >= origin && lineBreakLength(at: offset - $0) == $0 }
  }

  /// The first offset at or after `offset` that holds neither space nor tab.
  func skipBlanks(from offset: Int, limit: Int) -> Int {
    var i = offset
    while i < limit, bytes[i] == 0x20 || bytes[i] == 0x09 { i += 1 }
    return i
  }

  func hasPrefix(_ prefix: String, at offset: Int, limit: Int) -> Bool {
    bytes[min(offset, limit)..<limit].starts(with: prefix.utf8)
  }
}
