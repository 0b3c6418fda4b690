import Instances

/// Names for interfaces: short enough for the kernel, the same for the same purpose, different for different ones.
enum InterfaceName {
  /// Digits of the number in a name: with the prefix of three characters as many as a name may have.
  private static let digits = TenantBridge.digits
  /// Names tried before giving up: the chance that even the first is taken is one in many millions.
  private static let attempts = 64

  /// The name for an interface with this alias, which nobody has yet; nil when none is found.
  static func free(for alias: InterfaceAlias, among taken: Set<String>) -> String? {
    for attempt in 0..<attempts {
      let name = candidate(alias, attempt)
      if !taken.contains(name) { return name }
    }
    return nil
  }

  static func candidate(_ alias: InterfaceAlias, _ attempt: Int) -> String {
    let text = attempt == 0 ? alias.text : "\(alias.text) \(attempt)"
    return "\(alias.role.prefix)-" + StableHash.hexadecimal(text, digits: digits)
  }
}

/// Which launcher of a machine made an interface: a number made of its state folder's path.
public struct NodeToken: Hashable {
  private static let digits = 8

  public let text: String

  public init(stateFolder: String) { text = StableHash.hexadecimal(stateFolder, digits: Self.digits) }

  /// nil unless it is what a token looks like.
  init?(text: Substring) {
    guard text.utf8.count == Self.digits, text.allSatisfy({ $0.isASCII && $0.isHexDigit && !$0.isUppercase }) else {
      return nil
    }
    self.text = String(text)
  }
}

/// FNV-1a of 64 bits: the same in every process and version, which Swift's own hashes are not.
enum StableHash {
  static func of(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// The number's upper digits, which depend on all of the text.
  static func hexadecimal(_ text: String, digits: Int) -> String {
    let all = String(of(text), radix: 16)
    return String((String(repeating: "0", count: 16 - all.count) + all).prefix(digits))
  }
}
