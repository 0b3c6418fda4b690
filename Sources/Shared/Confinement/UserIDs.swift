import Glibc

/// The identity a process takes: user, group, supplementary groups, all by number.
public struct UserIDs: Equatable, Sendable, CustomStringConvertible {
  public let uid: uid_t
  public let gid: gid_t
  public let groups: [gid_t]

  /// Supplementary groups taken at most.
  static let maximumGroups = 16

  public init(uid: uid_t, gid: gid_t, groups: [gid_t] = []) {
    self.uid = uid
    self.gid = gid
    self.groups = groups
  }

  /// Reads `UID:GID` or `UID:GID:GROUP,GROUP`; nil for anything else, and for the superuser.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let uid = Self.id(parts[0]), let gid = Self.id(parts[1]) else { return nil }
    var groups: [gid_t] = []
    if parts.count == 3 {
      for part in parts[2].split(separator: ",", omittingEmptySubsequences: false) {
        guard let group = Self.id(part), groups.count < Self.maximumGroups else { return nil }
        groups.append(group)
      }
    }
    self.init(uid: uid, gid: gid, groups: groups)
  }

  /// The largest number is -1 to the kernel, for which "become -1" means "stay who you are": root.
  private static func id(_ text: Substring) -> UInt32? {
    guard let id = UInt32(text), id != 0, id != .max else { return nil }
    return id
  }

  /// The same user in its own group alone.
  public var withoutGroups: UserIDs { UserIDs(uid: uid, gid: gid) }

  public var description: String {
    "\(uid):\(gid)" + (groups.isEmpty ? "" : ":" + groups.map(String.init).joined(separator: ","))
  }
}
