import CShims
import Glibc
import Linux
import Rights

/// Gives up, step by step, what a process does not need. Landlock, capabilities and no_new_privs bind one thread, so
/// all of it runs while there is one.
public enum Confinement {
  /// Takes the identity `user` and keeps of the capabilities those in `rights`; locks securebits, sets resource limits
  /// and no_new_privs, and makes the process not dumpable. Without `user` the process stays who it is, which must not
  /// be the superuser.
  public static func dropPrivileges(to user: UserIDs?, rights: ProcessRights) throws(ConfinementError) {
    let parent = getppid()
    let parentDeathSignal = try readParentDeathSignal()
    var kept: [Int32] = []
    for name in rights.capabilities { kept.append(try Capabilities.value(named: name)) }
    if geteuid() == 0 && user == nil && !rights.mayBeRoot {
      throw ConfinementError(
        "\(rights.name) does not run as root: start it through launcher or its unit, or give it -user UID:GID")
    }
    if let user, geteuid() != 0, (getuid(), getgid()) != (user.uid, user.gid) {
      throw ConfinementError("become user \(user): only root can; this is user \(getuid())")
    }
    try Capabilities.dropBounding(keeping: kept)
    // From here on a change of user leaves capabilities as they are: those that are kept need no PR_SET_KEEPCAPS, and
    // the others end below.
    try rights.securebits.lock()
    if let user, geteuid() == 0 {
      try ConfinementError.check(
        sh_set_ids(user.uid, user.gid, user.groups, Int32(user.groups.count)), "become user \(user)")
    }
    try Capabilities.set(kept)
    for limit in rights.limits { try limit.apply() }
    try ConfinementError.check(sh_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set no_new_privs")
    try ConfinementError.check(sh_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "make the process not dumpable")
    try keepParentDeathSignal(parentDeathSignal, parent)
  }

  /// Leaves a supplementary group, for this process and those that it forks from now on. Throws where that takes a right
  /// which the process was not started with: the group may be as good as root.
  public static func leave(group: gid_t) throws(ConfinementError) {
    guard getgid() != group, getegid() != group else {
      throw ConfinementError("leave group \(group): it is this process's own; start it with another group of its own")
    }
    var groups = [gid_t](repeating: 0, count: maximumGroups)
    let count = getgroups(Int32(groups.count), &groups)
    let kept = groups.prefix(Int(max(0, count))).filter { $0 != group }
    guard count < 0 || kept.count != count else { return }
    guard count >= 0, setgroups(kept.count, kept) == 0 else {
      throw ConfinementError(
        "leave group \(group): \(String(cString: strerror(errno))); start launcher-vmm as root, or with CAP_SETGID as "
          + "the unit of the package launcher-docker does")
    }
  }

  /// Supplementary groups that a process of launcher may be started with.
  private static let maximumGroups = 1024

  private static func readParentDeathSignal() throws(ConfinementError) -> Int32 {
    var signal: Int32 = 0
    let result = withUnsafeMutablePointer(to: &signal) { sh_prctl(PR_GET_PDEATHSIG, UInt(bitPattern: $0), 0, 0, 0) }
    try ConfinementError.check(result, "read the parent death signal")
    return signal
  }

  /// Whoever started this process may have tied its life to its own; a change of user undoes that.
  private static func keepParentDeathSignal(_ signal: Int32, _ parent: pid_t) throws(ConfinementError) {
    guard signal != 0 else { return }
    try ConfinementError.check(sh_prctl(PR_SET_PDEATHSIG, UInt(signal), 0, 0, 0), "set the parent death signal")
    guard getppid() == parent else { throw ConfinementError("the process that started this one has ended") }
  }

  /// Enters the Landlock domain, where there is one, and loads the system call filter; from here on the process can do what `rights` lists
  /// and nothing else. Gives a warning where the kernel cannot enforce all of it.
  public static func confine(_ rights: ProcessRights, _ surroundings: Surroundings) throws(ConfinementError)
    -> String?
  {
    // The C library reads the time zone at first use, which would be a file to open.
    tzset()
    var warning: String?
    if case .domain(let policy) = rights.landlock {
      warning = Landlock.shortcomings(of: policy)
      if let ruleset = try Landlock.ruleset(policy, surroundings) { try Landlock.restrict(ruleset) }
    }
    try SeccompFilter.load(rights.seccomp)
    return warning.map { "\(rights.name): \($0)" }
  }
}
