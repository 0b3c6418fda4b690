import Testing

@testable import Gob

@Suite("The gob encoder")
struct GobEncoderTests {
  private let schema = GobSchema.structure(
    name: "T",
    fields: [
      .init("S", .signed), .init("Text", .string),
      .init("Inner", .structure(name: "I", fields: [.init("N", .unsigned)])),
      .init("N", .unsigned),
    ])

  @Test("defines a type once, before its first value")
  func definesOnce() throws {
    var encoder = GobEncoder()
    let first = encoder.encode(schema) { $0.signed(1) }
    let second = encoder.encode(schema) { $0.signed(1) }
    #expect(second == Stream.message(Stream.signed(65), [1, 2, 0]))
    #expect(first.count > second.count && first.suffix(second.count) == second[...])
  }

  @Test("leaves zero values out, but not structures")
  func zeroes() {
    var encoder = GobEncoder()
    _ = encoder.encode(schema) { _ in }
    let value = encoder.encode(schema) {
      $0.signed(0)
      $0.string("")
      $0.structure { $0.unsigned(0 as UInt8) }
      $0.unsigned(300 as UInt16)
    }
    #expect(value == Stream.message(Stream.signed(65), [3, 0, 1, 0xfe, 1, 44, 0]))
  }

  @Test("numbers types on from those of the stream before")
  func severalTypes() throws {
    var encoder = GobEncoder()
    let other = GobSchema.structure(name: "U", fields: [.init("N", .unsigned), .init("Text", .string)])
    let stream =
      encoder.encode(schema) { $0.signed(-5) }
      + encoder.encode(other) { $0.unsigned(7 as UInt8) }
      + encoder.encode(schema) { fields in
        for _ in 0..<3 { fields.absent() }
        fields.unsigned(UInt64.max)
      }
    #expect(try decodeN(stream) == [0, 7, .max])
  }
}
