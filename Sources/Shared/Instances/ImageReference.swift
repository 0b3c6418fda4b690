/// The reference of a container's image, as `registry.example:5000/project/name:tag@sha256:…`, in docker's grammar.
///
/// The grammar is that of docker's own parser (distribution, reference.go), without the addresses of IPv6 that newer ones
/// take in a registry's place. A value of this type never begins with `-` and holds neither white space nor `$`, `;` or
/// quotes, whatever reads it.
public struct ImageReference: Hashable, Sendable, CustomStringConvertible {
  /// Longest reference taken, in bytes: a name of 255, a tag of 128 and a digest of 128, with what joins them.
  public static let maximumLength = 513
  private static let longestName = 255
  private static let longestTag = 128
  private static let longestDigest = 128
  /// Hexadecimal digits of a digest at least.
  private static let shortestHash = 32
  /// docker takes such a name for an image's id.
  private static let idLength = 64

  public let text: String

  /// nil unless `text` is `name[:tag][@digest]`.
  public init?(_ string: some StringProtocol) {
    let text = Substring(string)
    guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    if halves.count == 2, !Self.isDigest(halves[1]) { return nil }
    // A colon behind the last slash begins the tag; one before it belongs to the registry's port.
    var parts = halves[0].split(separator: "/", omittingEmptySubsequences: false)
    var nameLength = halves[0].utf8.count
    if let colon = parts[parts.count - 1].firstIndex(of: ":") {
      let last = parts.removeLast()
      let tag = last[last.index(after: colon)...]
      guard Self.isTag(tag) else { return nil }
      nameLength -= tag.utf8.count + 1
      parts.append(last[..<colon])
    }
    guard (1...Self.longestName).contains(nameLength), Self.isName(parts) else { return nil }
    self.text = String(string)
  }

  private static func isName(_ parts: [Substring]) -> Bool {
    guard parts.count > 1 else { return isComponent(parts[0]) && !isID(parts[0]) }
    let isRegistry = parts[0] == "localhost" || parts[0].contains { $0 == "." || $0 == ":" }
    if isRegistry, !isDomain(parts[0]) { return false }
    return parts.dropFirst(isRegistry ? 1 : 0).allSatisfy(isComponent)
  }

  private static func isID(_ text: Substring) -> Bool {
    text.utf8.count == idLength && text.utf8.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
  }

  /// Lower case letters and digits; between them `.`, `_`, `__`, or any number of `-`.
  private static func isComponent(_ text: Substring) -> Bool {
    // What stands between two letters or digits since the last of them; nil before the first.
    var separator: [UInt8]?
    for byte in text.utf8 {
      if isDigit(byte) || isLower(byte) {
        if let separator, !separator.isEmpty, !isSeparator(separator) { return false }
        separator = []
      } else if separator == nil {
        return false
      } else {
        separator?.append(byte)
      }
    }
    return separator?.isEmpty ?? false
  }

  private static func isSeparator(_ bytes: [UInt8]) -> Bool {
    bytes == Array(".".utf8) || bytes == Array("_".utf8) || bytes == Array("__".utf8)
      || !bytes.isEmpty && bytes.allSatisfy { $0 == UInt8(ascii: "-") }
  }

  /// A host's name or address and, behind a colon, a port.
  private static func isDomain(_ text: Substring) -> Bool {
    let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    if halves.count == 2, halves[1].isEmpty || !halves[1].utf8.allSatisfy(isDigit) { return false }
    return halves[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      let dash = UInt8(ascii: "-")
      return !label.isEmpty && label.utf8.first != dash && label.utf8.last != dash
        && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == dash }
    }
  }

  private static func isTag(_ text: Substring) -> Bool {
    guard (1...longestTag).contains(text.utf8.count), let first = text.utf8.first,
      isAlphanumeric(first) || first == UInt8(ascii: "_")
    else { return false }
    return text.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
  }

  /// An algorithm, as `sha256`, a colon, and the hash.
  private static func isDigest(_ text: Substring) -> Bool {
    let halves = text.split(separator: ":", omittingEmptySubsequences: false)
    guard halves.count == 2, text.utf8.count <= longestDigest, halves[1].utf8.count >= shortestHash else {
      return false
    }
    let isHash = halves[1].utf8.allSatisfy { isDigit($0) || (0x61...0x66).contains($0 | 0x20) }
    let names = halves[0].split(omittingEmptySubsequences: false) { "+._-".contains($0) }
    return isHash
      && names.allSatisfy { name in
        guard let first = name.utf8.first, isAlphanumeric(first), !isDigit(first) else { return false }
        return name.utf8.allSatisfy(isAlphanumeric)
      }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) }
  private static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLower(byte | 0x20) && byte >= 0x41 }

  public var description: String { text }
}
