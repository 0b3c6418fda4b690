import Testing

@testable import Gob

@Suite("The gob decoder's limits")
struct GobLimitTests {
  private let unknown = Stream.message(Stream.structure(65, [("Odd", 66), ("N", 3)]))

  private func error(_ stream: [UInt8], limits: GobLimits = GobLimits()) -> GobError? {
    do throws(GobError) {
      _ = try decodeN(stream, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  @Test("a message of the limit is taken, one byte more is refused before it comes")
  func messageBytes() {
    var limits = GobLimits()
    limits.messageBytes = 1000
    #expect(error(Stream.unsigned(1000), limits: limits) == nil)
    #expect(error(Stream.unsigned(1001), limits: limits) == .messageTooLong(bytes: 1001, limit: 1000))
  }

  @Test("definitions without end are refused")
  func types() {
    let definitions = (0..<300).map { Stream.message(Stream.slice(65 + $0, of: 3)) }
    #expect(error(Array(definitions[..<256].joined())) == nil)
    #expect(error(Array(definitions[..<257].joined())) == .tooMany(what: "type definitions", limit: 256))
  }

  @Test("fields without end and names without end are refused")
  func fields() {
    func definition(_ count: Int, name: String) -> [UInt8] {
      Stream.message(Stream.structure(65, Array(repeating: (name, 3), count: count)))
    }
    let name = String(repeating: "n", count: 128)
    #expect(error(definition(128, name: name)) == nil)
    #expect(error(definition(129, name: name)) == .tooMany(what: "elements of a slice", limit: 128))
    #expect(error(definition(1, name: name + "n")) == .tooMany(what: "bytes in a string", limit: 128))
  }

  @Test("ids that are Go's own, negative, or beyond 32 bits cannot be defined")
  func ids() {
    for id in [1, 8, 16, 23, 63, 1 << 31, .max] as [Int64] {
      #expect(error(Stream.message(Stream.slice(id, of: 3))) != nil, "\(id)")
    }
    #expect(error(Stream.message(Stream.signed(.min), [2, 2, 6, 0, 0])) != nil)
    #expect(error(Stream.message(Stream.slice(64, of: 3)) + Stream.message(Stream.slice((1 << 31) - 1, of: 3))) == nil)
  }

  @Test("a definition of no kind, of two kinds, or of an array of impossible length is refused")
  func definitions() {
    #expect(error(Stream.message(Stream.signed(-65), [0])) != nil)
    #expect(error(Stream.message(Stream.signed(-65), [1, 0, 1, 0, 0])) != nil)
    #expect(error(Stream.message(Stream.signed(-65), [8, 0, 0])) != nil)
    for count in [-1, 1 << 40, .max, .min] as [Int64] {
      #expect(error(Stream.message(Stream.array(65, of: 3, count: count))) != nil, "\(count)")
    }
  }

  @Test("values inside each other are skipped down to the limit and no deeper")
  func depth() {
    let selfSlice = unknown + Stream.message(Stream.slice(66, of: 66))
    func nested(_ levels: Int) -> [UInt8] {
      selfSlice + Stream.message(Stream.signed(65), [1], [UInt8](repeating: 1, count: levels - 1), [0, 0])
    }
    #expect(error(nested(31)) == nil)
    #expect(error(nested(32)) == .tooMany(what: "values inside each other", limit: 32))
    #expect(error(nested(1_000_000)) == .tooMany(what: "values inside each other", limit: 32))
  }

  @Test(
    "a type that contains itself ends at the limit",
    arguments: [
      Stream.structure(66, [("Self", 66)]), Stream.array(66, of: 66, count: 1), Stream.slice(66, of: 66),
      Stream.map(66, key: 66, value: 66),
    ])
  func selfReference(definition: [UInt8]) {
    let value = Stream.message(Stream.signed(65), [UInt8](repeating: 1, count: 100_000))
    #expect(
      error(unknown + Stream.message(definition) + value)
        == .tooMany(what: "values inside each other", limit: 32))
  }

  @Test("elements without width do not exist: a count beyond the bytes left is refused at once")
  func zeroWidth() {
    let empty = Stream.message(Stream.structure(67, []))
    let array = unknown + empty + Stream.message(Stream.array(66, of: 67, count: 1 << 24))
    #expect(error(array + Stream.message(Stream.signed(65), [1], Stream.unsigned(1 << 24))) == .truncated(field: "Odd"))
    let slice = unknown + empty + Stream.message(Stream.slice(66, of: 67))
    for count in [1, 2, 1 << 24, 1 << 63, .max] as [UInt64] {
      #expect(error(slice + Stream.message(Stream.signed(65), [1], Stream.unsigned(count))) == .truncated(field: "Odd"))
    }
    let map = unknown + empty + Stream.message(Stream.map(66, key: 67, value: 67))
    #expect(error(map + Stream.message(Stream.signed(65), [1, 3, 0, 0, 0])) == .truncated(field: "Odd"))
  }

  @Test("values in one message are bounded, known or not")
  func values() {
    let count = 1 << 20
    let stream =
      unknown + Stream.message(Stream.slice(66, of: 3))
      + Stream.message(
        Stream.signed(65), [1], Stream.unsigned(UInt64(count)), [UInt8](repeating: 0, count: count), [0])
    #expect(error(stream) == .tooMany(what: "values in a message", limit: count))
  }

  @Test("counts at the ends of their range do not overflow")
  func counts() {
    for count in [127, 1 << 31, 1 << 62, 1 << 63, .max] as [UInt64] {
      for type in [5, 6, 66] as [Int64] {
        let stream =
          Stream.message(Stream.structure(65, [("Odd", type), ("N", 3)])) + Stream.message(Stream.selfEncoded(66))
          + Stream.message(Stream.signed(65), [1], Stream.unsigned(count), [0])
        #expect(error(stream) == .truncated(field: "Odd"))
      }
      #expect(error(unknown + Stream.message(Stream.signed(65), Stream.unsigned(count), [0])) != nil, "as a delta")
    }
  }

  @Test("an interface that defines its type within its value is refused")
  func interface() {
    let stream =
      Stream.message(Stream.structure(65, [("Odd", 8)]))
      + Stream.message(Stream.signed(65), [1], Stream.string("T"), Stream.slice(66, of: 3))
    #expect(error(stream) != nil)
  }
}
