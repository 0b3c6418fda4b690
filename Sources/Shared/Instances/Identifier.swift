/// A UUID-like name: groups of hexadecimal digits joined by `-`, as in `67d86208-000-4465-9018-fe14087d415f`.
///
/// The names in use are not all RFC 4122, so the length of the groups is free. A value of this type is safe as a
/// file name and as a part of a command line: it holds nothing but `[0-9a-fA-F-]` and never begins with `-`.
public struct Identifier: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Longest name taken, in bytes: an RFC 4122 UUID has 36; twice that is room enough for any sender seen.
  public static let maximumLength = 72

  public let text: String

  /// nil unless `text` matches `[0-9a-fA-F]+(-[0-9a-fA-F]+)*` within `maximumLength`.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count <= Self.maximumLength else { return nil }
    var digitBefore = false
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
        UInt8(ascii: "A")...UInt8(ascii: "F"):
        digitBefore = true
      case UInt8(ascii: "-") where digitBefore:
        digitBefore = false
      default:
        return nil
      }
    }
    guard digitBefore else { return nil }
    self.text = String(text)
  }

  public var description: String { text }

  public static func < (a: Identifier, b: Identifier) -> Bool { a.text < b.text }
}

/// The name of a backing image below the images folder: letters, digits, `-`, `_` and `.`, never a leading `.`.
public struct ImageName: Hashable, Sendable, CustomStringConvertible {
  /// NAME_MAX of Linux file systems, in bytes.
  public static let maximumLength = 255

  public let text: String

  /// nil unless `text` is a file name as described above; a `/` can never be in it.
  public init?(_ text: some StringProtocol) {
    guard (1...Self.maximumLength).contains(text.utf8.count), text.utf8.first != UInt8(ascii: ".") else { return nil }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        continue
      default:
        return nil
      }
    }
    self.text = String(text)
  }

  public var description: String { text }
}
