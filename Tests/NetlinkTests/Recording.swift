import Foundation
import Linux
import Netlink

/// What other programs and the kernel said to each other.
enum Recording {
  private static let file = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures/recorded.txt")

  /// The datagrams of this name.
  static func datagrams(_ name: String) throws -> [[UInt8]] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 2, words[0] == name else { return nil }
      return bytes(words[1])
    }
  }

  static func bytes(_ hexadecimal: some StringProtocol) -> [UInt8] {
    let digits = Array(hexadecimal)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16)! }
  }

  static func message(_ name: String, _ number: Int = 0) throws -> NetlinkAnswer {
    let all = try datagrams(name).flatMap { try NetlinkAnswer.all(in: $0) }
    return all[number]
  }
}

/// Answers what it was told to answer.
final class RecordedSocket: NetlinkSocket {
  var answers: [[UInt8]]
  private(set) var sent: [[UInt8]] = []

  init(_ answers: [[UInt8]]) { self.answers = answers }

  func send(_ datagram: [UInt8]) { sent.append(datagram) }

  func receive() -> [UInt8]? { answers.isEmpty ? nil : answers.removeFirst() }
}

extension [UInt8] {
  /// The same datagram as the answer to the request with this number.
  func answering(_ sequence: UInt32) -> [UInt8] {
    var bytes = self
    var offset = 0
    while offset < count {
      let length = Int(self[offset]) | Int(self[offset + 1]) << 8
      Swift.withUnsafeBytes(of: sequence) { bytes.replaceSubrange(offset + 8..<offset + 12, with: $0) }
      offset += length + (4 - length % 4) % 4
    }
    return bytes
  }
}
