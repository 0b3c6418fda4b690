/// The name of a bridge in a tenant's network, as launcher makes it: `lb-` and twelve hexadecimal digits.
public struct TenantBridge: Hashable, Sendable, CustomStringConvertible {
  public static let prefix = "lb"
  public static let digits = 12
  public static let length = prefix.utf8.count + 1 + digits

  public let name: String

  /// nil for any other name.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count == Self.length, text.hasPrefix("\(Self.prefix)-"),
      text.utf8.dropFirst(Self.prefix.utf8.count + 1).allSatisfy({
        (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
      })
    else { return nil }
    name = String(text)
  }

  public var description: String { name }
}
