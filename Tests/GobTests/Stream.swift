@testable import Gob

/// Builds streams by hand, good and bad ones.
enum Stream {
  static func message(_ parts: [UInt8]...) -> [UInt8] {
    let body = Array(parts.joined())
    return unsigned(UInt64(body.count)) + body
  }

  private static func join(_ parts: [UInt8]...) -> [UInt8] { Array(parts.joined()) }

  static func unsigned(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    GobNumber.append(value, to: &bytes)
    return bytes
  }

  static func signed(_ value: Int64) -> [UInt8] {
    var bytes: [UInt8] = []
    GobNumber.append(signed: value, to: &bytes)
    return bytes
  }

  static func string(_ text: String) -> [UInt8] { unsigned(UInt64(text.utf8.count)) + text.utf8 }

  // Definitions, without their messages. The CommonType is left out: nothing in it matters.

  static func structure(_ id: Int64, _ fields: [(String, Int64)]) -> [UInt8] {
    let members = fields.map { name, type in join([1], string(name), [1], signed(type), [0]) }
    return join(signed(-id), [3, 2], unsigned(UInt64(fields.count)), Array(members.joined()), [0, 0])
  }

  static func array(_ id: Int64, of element: Int64, count: Int64) -> [UInt8] {
    join(signed(-id), [1, 2], signed(element), [1], signed(count), [0, 0])
  }

  static func slice(_ id: Int64, of element: Int64) -> [UInt8] {
    join(signed(-id), [2, 2], signed(element), [0, 0])
  }

  static func map(_ id: Int64, key: Int64, value: Int64) -> [UInt8] {
    join(signed(-id), [4, 2], signed(key), [1], signed(value), [0, 0])
  }

  /// `kind` 5, 6, 7: GobEncoderT, BinaryMarshalerT, TextMarshalerT.
  static func selfEncoded(_ id: Int64, kind: UInt8 = 5) -> [UInt8] { join(signed(-id), [kind, 0, 0]) }
}

/// Reads structures of one unsigned field "N" and skips all others.
func readN(_ reader: inout GobReader) throws(GobError) -> UInt64 {
  var number: UInt64 = 0
  var fields = try reader.structure()
  while let field = try reader.nextField(of: &fields) {
    if field == "N" { number = try reader.unsigned() }
  }
  return number
}

/// Decodes a whole stream of such structures.
func decodeN(_ stream: [UInt8], limits: GobLimits = GobLimits()) throws(GobError) -> [UInt64] {
  var decoder = GobDecoder(limits: limits)
  decoder.feed(stream)
  var numbers: [UInt64] = []
  while let number = try decoder.next(readN) {
    numbers.append(number)
  }
  return numbers
}
