import Foundation
import Gob
import Testing

@testable import SSNTP

@Suite("Hostile streams")
struct HostileStreamTests {
  private static let start = Vectors.named("start")

  @Test("are refused, or taken without harm, whole and in pieces", arguments: Vectors.bad, [1, Int.max])
  func bad(vector: BadVector, piece: Int) throws {
    let peak = try peakMemory()
    for var reader in [
      FrameReader(at: .client), FrameReader(at: .server), FrameReader(at: .client, begun: true),
    ] {
      if vector.afterStart {
        reader = Self.start.reader
        reader.feed(Self.start.stream)
        _ = try reader.next()
      }
      let error = drain(&reader, vector.stream, piece: piece)
      #expect(error != nil || !vector.mustFail)
      if let error {
        #expect(throws: error) { try reader.next() }
        #expect(reader.bufferedBytes == 0)
      }
    }
    // Other tests run beside this one; what the vectors promise is far more.
    #expect(try peakMemory() - peak < 512 << 20)
  }

  @Test("made of good ones by chance never crash a reader", arguments: Vectors.good.filter { $0.stream.count < 2000 })
  func mutations(vector: Vector) {
    var random = SplitMix(state: 0x5eed)
    for _ in 0..<200 {
      let stream = mutate(vector.stream, &random)
      var reader = vector.reader
      _ = drain(&reader, stream, piece: .random(in: 1...64, using: &random))
      #expect(reader.bufferedBytes <= stream.count)
    }
  }

  @Test("cut off anywhere are waited for, not refused", arguments: Vectors.good.filter { $0.stream.count < 2000 })
  func prefixes(vector: Vector) {
    for length in 0..<vector.stream.count {
      var reader = vector.reader
      #expect(drain(&reader, Array(vector.stream[..<length]), piece: .max) == nil)
    }
  }

  /// Feeds a stream and takes all values; gives the error that ended it.
  private func drain(_ reader: inout FrameReader, _ stream: [UInt8], piece: Int) -> SSNTPError? {
    var rest = stream[...]
    do throws(SSNTPError) {
      while !rest.isEmpty {
        reader.feed(Array(rest.prefix(piece)))
        rest = rest.dropFirst(piece)
        while try reader.next() != nil {}
      }
      return nil
    } catch {
      #expect(!error.description.isEmpty)
      return error
    }
  }

  private func mutate(_ stream: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var result = stream
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let at = Int.random(in: 0..<result.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: result[at] = .random(in: 0...255, using: &random)
      case 1: result[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 2: result.insert(.random(in: 0...255, using: &random), at: at)
      case 3: result[at] &+= 1
      default:
        let end = min(at + Int.random(in: 1...16, using: &random), result.count)
        result.insert(contentsOf: result[at..<end], at: Int.random(in: 0..<result.count, using: &random))
      }
    }
    return result
  }

  /// The most address space that the process has had so far, in bytes.
  private func peakMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmPeak:") })
    return try #require(Int(line.filter(\.isNumber))) << 10
  }
}

/// A generator that gives the same numbers in every run.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
