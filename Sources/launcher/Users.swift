import Confinement
import Glibc
import Settings

/// The users that the three processes take.
struct ProcessUsers {
  struct Unknown: Error, CustomStringConvertible {
    let description: String
  }

  let net: UserIDs
  let vmm: UserIDs
  let stats: UserIDs

  /// Looks the users up; each must exist, and none may be root.
  init(_ options: Settings) throws(Unknown) {
    net = try Self.find(options.netUser, "net-user")
    vmm = try Self.find(options.vmmUser, "vmm-user")
    stats = try Self.find(options.statsUser, "stats-user")
  }

  private static func find(_ text: String, _ option: String) throws(Unknown) -> UserIDs {
    if text.contains(":") {
      guard let ids = UserIDs(text) else {
        throw Unknown(description: "-\(option) \(text): neither a user's name nor UID:GID[:GROUPS] of a user but root")
      }
      return ids
    }
    guard let entry = getpwnam(text) else {
      throw Unknown(
        description:
          "-\(option) \(text): there is no such user; `make install` creates the three users of launcher, or name others"
      )
    }
    let (uid, gid) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
    guard uid != 0, gid != 0 else { throw Unknown(description: "-\(option) \(text): must not be root") }
    return UserIDs(uid: uid, gid: gid, groups: groups(of: text, gid))
  }

  /// Supplementary groups, as far as a process of launcher may have them: kvm, for /dev/kvm.
  private static func groups(of user: String, _ gid: gid_t) -> [gid_t] {
    var ids = [gid_t](repeating: 0, count: 64)
    var count = Int32(ids.count)
    guard getgrouplist(user, gid, &ids, &count) >= 0, let kvm = getgrnam("kvm")?.pointee.gr_gid else { return [] }
    return ids.prefix(Int(count)).contains(kvm) ? [kvm] : []
  }
}
