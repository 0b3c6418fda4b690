import Testing

@testable import Gob

@Suite("The gob decoder")
struct GobDecoderTests {
  @Test(
    "skips an unknown field of every kind",
    arguments: [
      ("boolean", 1, [1]),
      ("signed", 2, Stream.signed(-1000)),
      ("unsigned", 3, Stream.unsigned(1 << 40)),
      ("float", 4, [0xfe, 0x04, 0x40]),
      ("bytes", 5, [2, 7, 7]),
      ("string", 6, Stream.string("text")),
      ("complex", 7, [0, 0xfe, 0xf0, 0x3f]),
      ("nil interface", 8, [0]),
      ("interface", 8, Stream.string("int64") + Stream.signed(2) + [3, 0, 0xff, 0x99]),
      ("array", 70, [2, 5, 6]),
      ("slice of slices", 71, [2, 1, 9, 0]),
      ("map", 72, [1] + Stream.string("key") + [2, 5, 6]),
      ("structure", 73, [1, 1, 1, 0, 0]),
      ("GobEncoder", 74, [1, 0]),
      ("BinaryMarshaler", 75, [1, 0]),
      ("TextMarshaler", 76, [1, 0]),
      ("definition", 16, [2, 2, 6, 0, 0]),
    ] as [(String, Int64, [UInt8])])
  func skips(kind: String, type: Int64, value: [UInt8]) throws {
    let stream =
      Stream.message(Stream.array(70, of: 3, count: 2))
      + Stream.message(Stream.slice(77, of: 3)) + Stream.message(Stream.slice(71, of: 77))
      + Stream.message(Stream.map(72, key: 6, value: 70))
      + Stream.message(Stream.structure(73, [("Flag", 1), ("Inner", 78)]))
      + Stream.message(Stream.structure(78, [("Flag", 1)]))
      + Stream.message(Stream.selfEncoded(74)) + Stream.message(Stream.selfEncoded(75, kind: 6))
      + Stream.message(Stream.selfEncoded(76, kind: 7))
      + Stream.message(Stream.structure(65, [("Odd", type), ("N", 3)]))
      + Stream.message(Stream.signed(65), [1], value, [1, 42, 0])
    #expect(try decodeN(stream) == [42])
  }

  @Test("takes definitions and the value from one message")
  func oneMessage() throws {
    let stream = Stream.message(
      Stream.structure(65, [("Odd", 66), ("N", 3)]), Stream.slice(66, of: 3), Stream.signed(65), [1, 1, 7, 1, 42, 0])
    #expect(try decodeN(stream) == [42])
  }

  @Test("takes numbers in longer forms than needed")
  func longNumbers() throws {
    let stream =
      [0xff] + Stream.message(Stream.structure(65, [("N", 3)]))
      + Stream.message(Stream.signed(65), [1], [0xf8, 0, 0, 0, 0, 0, 0, 0, 42], [0])
    #expect(try decodeN(stream) == [42])
  }

  @Test("reads values that are not structures behind their 0")
  func scalars() throws {
    var decoder = GobDecoder()
    decoder.feed(Stream.message([6, 0, 5]) + Stream.message([4, 0], Stream.signed(-3)) + Stream.message([4, 1, 1]))
    #expect(try decoder.next { (reader: inout GobReader) throws(GobError) in try reader.unsigned(UInt8.self) } == 5)
    #expect(try decoder.next { (reader: inout GobReader) throws(GobError) in try reader.signed() } == -3)
    #expect(throws: GobError.self) { try decoder.next(readN) }
  }

  @Test("skips what the caller leaves unread")
  func unread() throws {
    var decoder = GobDecoder()
    decoder.feed(Stream.message(Stream.structure(65, [("N", 3)])) + Stream.message(Stream.signed(65), [1, 42, 0]))
    let seen: Bool? = try decoder.next { (_: inout GobReader) throws(GobError) in true }
    #expect(seen == true)
    #expect(decoder.bufferedBytes == 0)
  }

  @Test("reads no value twice")
  func twice() throws {
    var decoder = GobDecoder()
    decoder.feed(Stream.message([6, 0, 5]))
    #expect(throws: GobError.self) {
      try decoder.next { (reader: inout GobReader) throws(GobError) in
        _ = try reader.unsigned(UInt8.self)
        return try reader.unsigned(UInt8.self)
      }
    }
  }

  @Test("keeps no more than one message and one read, however long the stream")
  func bufferIsBounded() throws {
    var decoder = GobDecoder()
    decoder.feed(Stream.message(Stream.structure(65, [("N", 3)])))
    let value = Stream.message(Stream.signed(65), [1, 42, 0])
    // Reads of 1000 bytes, cut anywhere.
    let stream = Array(repeating: value, count: 10_000).flatMap { $0 }
    var values = 0
    for at in stride(from: 0, to: stream.count, by: 1000) {
      decoder.feed(Array(stream[at..<min(at + 1000, stream.count)]))
      while try decoder.next(readN) != nil { values += 1 }
      #expect(decoder.bufferedBytes < value.count)
    }
    #expect(values == 10_000)
  }

  @Test("ends when it is fed without being drained")
  func notDrained() throws {
    var limits = GobLimits()
    limits.messageBytes = 100
    var decoder = GobDecoder(limits: limits)
    for _ in 0..<1000 { decoder.feed([UInt8](repeating: 1, count: 50)) }
    #expect(decoder.bufferedBytes == 0)
    #expect(throws: GobError.notDrained(limit: 100)) { try decoder.next(readN) }
  }

  @Test("names the field in an error, without control characters")
  func errorText() {
    let stream =
      Stream.message(Stream.structure(65, [("A\n\u{1b}[31m", 99)])) + Stream.message(Stream.signed(65), [1, 42, 0])
    let error = #expect(throws: GobError.self) { try decodeN(stream) }
    #expect(
      error?.description
        == #"cannot decode the peer's gob stream: type 99 of "A\n\u{1B}[31m" is not defined"#)
  }
}
