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
    guard (2...3).contains(parts.count), let uid = uid_t(parts[0]), let gid = gid_t(parts[1]), uid != 0, gid != 0
    else { return nil }
    var groups: [gid_t] = []
    if parts.count == 3 {
      for part in parts[2].split(separator: ",", omittingEmptySubsequences: false) {
        guard let group = gid_t(part), group != 0, groups.count < Self.maximumGroups else { return nil }
        groups.append(group)
      }
    }
    self.init(uid: uid, gid: gid, groups: groups)
  }

  public var description: String {
    "\(uid):\(gid)" + (groups.isEmpty ? "" : ":" + groups.map(String.init).joined(separator: ","))
  }
}
