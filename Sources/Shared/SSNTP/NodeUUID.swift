/// The UUID of a node: 16 bytes, written as 36 characters.
public struct NodeUUID: Hashable, Sendable, CustomStringConvertible {
  public static let byteCount = 16
  /// All bits 0: nobody in particular.
  public static let zero = NodeUUID(high: 0, low: 0)

  private let high: UInt64
  private let low: UInt64

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// nil unless there are exactly 16 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.init(high: bigEndian(bytes[..<8]), low: bigEndian(bytes[8...]))
  }

  /// Reads `bc33e130-54cb-4c83-a611-c7dd05e00347`, in capitals too; nil for any other form.
  public init?(_ text: some StringProtocol) {
    var digits: [UInt8] = []
    guard text.utf8.count == 36 else { return nil }
    for (offset, byte) in text.utf8.enumerated() {
      if [8, 13, 18, 23].contains(offset) {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
        digits.append(UInt8(digit))
      }
    }
    self.init(bytes: stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
  }

  /// A new UUID of version 4. The standard library's generator is getrandom(2) on Linux.
  public static func random() -> NodeUUID {
    let version: UInt64 = 4 << 12
    let variant: UInt64 = 0b10 << 62
    return NodeUUID(
      high: .random(in: .min ... .max) & ~(0xf << 12) | version,
      low: .random(in: .min ... .max) & ~(0b11 << 62) | variant)
  }

  public var bytes: [UInt8] {
    [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) } }
  }

  public var description: String {
    var text = ""
    for (offset, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(offset) { text += "-" }
      text += (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
    }
    return text
  }
}

/// The number in at most 8 bytes, the most significant first.
func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
  bytes.reduce(0) { $0 << 8 | UInt64($1) }
}
