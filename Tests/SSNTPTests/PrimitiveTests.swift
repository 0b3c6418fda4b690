import Testing

@testable import Gob
@testable import SSNTP

@Suite("Primitives of Go")
struct PrimitiveTests {
  @Test("unsigned numbers are read and written as Go does", arguments: Vectors.unsigned)
  func unsigned(sample: Object) throws {
    let (encoded, value) = (sample.hex("hex"), try #require(UInt64(sample.text("value"))))
    var reader = GobReader(encoded, 0..<encoded.count, types: [:], limits: GobLimits())
    #expect(try reader.unsignedNumber() == value)
    #expect(reader.position == encoded.count)
    var written: [UInt8] = []
    GobNumber.append(value, to: &written)
    #expect(written == encoded)
  }

  @Test("signed numbers are read and written as Go does", arguments: Vectors.signed)
  func signed(sample: Object) throws {
    let (encoded, value) = (sample.hex("hex"), try #require(Int64(sample.text("value"))))
    var reader = GobReader(encoded, 0..<encoded.count, types: [:], limits: GobLimits())
    #expect(try reader.signedNumber() == value)
    var written: [UInt8] = []
    GobNumber.append(signed: value, to: &written)
    #expect(written == encoded)
  }

  @Test("times are read and written as Go does", arguments: Vectors.times)
  func times(sample: Object) throws {
    let time = try #require(GobTime(encoded: sample.hex("hex")))
    #expect(time == sample.time)
    #expect(time.unixSeconds == Int64(sample.number("unix")))
    #expect(time.encoded == sample.hex("hex"))
  }

  @Test("a time of any other form is refused")
  func badTimes() {
    let good = bytes(hex: "010000000ed048aec000000000ffff")
    #expect(GobTime(encoded: []) == nil)
    #expect(GobTime(encoded: good + [0]) == nil, "version 1 has 15 bytes")
    #expect(GobTime(encoded: [2] + good[1...]) == nil, "version 2 has 16 bytes")
    #expect(GobTime(encoded: good[..<9] + [0xff, 0, 0, 0, 0, 0]) == nil, "nanoseconds beyond a second")
    #expect(GobTime(encoded: [2] + good[1..<13] + [0, 0, 60]) == nil, "seconds of the offset beyond a minute")
    #expect(GobTime(unixSeconds: 0, nanoseconds: 1_000_000_000) == nil)
    #expect(GobTime(unixSeconds: 0, nanoseconds: 0, zoneOffset: -60) == nil)
    #expect(GobTime(unixSeconds: 0, nanoseconds: 0, zoneOffset: .min) == nil)
  }

  @Test("the farthest seconds do not overflow")
  func farTimes() throws {
    let encoded = [1, 0x80] + [UInt8](repeating: 0, count: 13)
    let time = try #require(GobTime(encoded: encoded))
    #expect(time.unixSeconds == Int64.min &- 62_135_596_800)
    #expect(time.encoded == encoded)
  }
}
