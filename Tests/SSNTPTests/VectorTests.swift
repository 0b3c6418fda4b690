import Gob
import Testing

@testable import SSNTP

@Suite("Streams of Go peers")
struct VectorTests {
  /// What no writer of ours sends again the same: other ids, types or field orders, a wrong PayloadLength, no Source.
  private static let oneWay = [
    "server-session-high-ids", "evolved", "reordered", "old-frame", "frame-max", "connect-zero",
  ]

  @Test("are decoded as Go decodes them", arguments: Vectors.good)
  func decodedWhole(vector: Vector) throws {
    var reader = vector.reader
    reader.feed(vector.stream)
    for value in vector.values {
      #expect(try reader.next() == value)
    }
    #expect(try reader.next() == nil)
    #expect(reader.bufferedBytes == 0)
  }

  @Test("are decoded byte by byte, each value at its last byte", arguments: Vectors.good)
  func decodedByteByByte(vector: Vector) throws {
    var reader = vector.reader
    var found: [Incoming] = []
    var ends: [Int] = []
    for (offset, byte) in vector.stream.enumerated() {
      reader.feed([byte])
      while let value = try reader.next() {
        found.append(value)
        ends.append(offset + 1)
      }
    }
    #expect(found == vector.values)
    #expect(ends == vector.ends)
  }

  @Test("are written the same, byte for byte", arguments: Vectors.good.filter { !oneWay.contains($0.name) })
  func encodedAsGoDoes(vector: Vector) {
    #expect(encode(vector.values) == vector.stream)
  }

  @Test("are understood again when they are written in another way", arguments: Vectors.good)
  func encodedAndDecoded(vector: Vector) throws {
    var reader = vector.reader
    reader.feed(encode(vector.values))
    for value in vector.values {
      #expect(try reader.next() == value)
    }
    #expect(try reader.next() == nil)
  }

  @Test("are complete behind CONNECT for a second decoder")
  func secondDecoder() throws {
    let vector = Vectors.named("client-session")
    let offset = try #require(vector.secondDecoder)
    var reader = FrameReader(at: .server, begun: true)
    reader.feed(Array(encode(vector.values)[offset...]))
    for value in vector.values.dropFirst() {
      #expect(try reader.next() == value)
    }
  }

  private func encode(_ values: [Incoming]) -> [UInt8] {
    var writer = FrameWriter()
    return values.flatMap { value in
      switch value {
      case .connect(let connect): writer.encode(connect: connect)
      case .connected(let connected): writer.encode(connected: connected)
      case .frame(let frame): writer.encode(frame: frame)
      }
    }
  }
}
