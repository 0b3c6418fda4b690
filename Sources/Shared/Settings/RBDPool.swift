/// A Ceph pool whose RBD images are volumes, and who asks for them: `rbd:POOL[/NAMESPACE][?id=USER]`.
///
/// The cluster is the one of `configuration`; the user's key is in the file that Ceph looks for beside it.
public struct RBDPool: Equatable, Sendable, CustomStringConvertible {
  static let prefix = "rbd:"
  private static let userKey = "?id="
  /// Whose key is used unless somebody else is named: not admin's, which may do anything.
  private static let defaultUser = "launcher"
  /// Bytes of a name.
  private static let maximumLength = 128

  public static let folder = "/etc/ceph"
  public static let configuration = "\(folder)/ceph.conf"

  public let pool: String
  /// nil: the pool's own.
  public let namespace: String?
  /// Without `client.` before it.
  public let user: String

  /// What stands behind `rbd:`.
  init?(_ text: Substring) {
    var rest = text
    var user = Self.defaultUser[...]
    if let mark = rest.firstIndex(of: "?") {
      let option = rest[mark...]
      guard option.hasPrefix(Self.userKey) else { return nil }
      user = option.dropFirst(Self.userKey.count)
      rest = rest[..<mark]
    }
    let names = rest.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(names.count), (names + [user]).allSatisfy(Self.isName) else { return nil }
    pool = String(names[0])
    namespace = names.count == 2 ? String(names[1]) : nil
    self.user = String(user)
  }

  /// No name of a pool that Ceph keeps for itself, and none that leads to another file than a keyring.
  private static func isName(_ text: Substring) -> Bool {
    (1...maximumLength).contains(text.utf8.count) && text.first != "." && text.first != "-"
      && text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }

  public var client: String { "client.\(user)" }
  /// The file with the user's key.
  public var keyring: String { "\(Self.folder)/ceph.\(client).keyring" }
  public var description: String { "\(Self.prefix)\(pool)" + (namespace.map { "/\($0)" } ?? "") }
}
