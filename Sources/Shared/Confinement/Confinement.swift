import CShims
import Glibc
import Linux
import Rights

/// Gives up, step by step, what a process does not need. Landlock, capabilities and no_new_privs bind one thread, so
/// all of it runs while there is one.
public enum Confinement {
  /// Takes the identity `user` and keeps of the capabilities those in `rights`; sets no_new_privs, not dumpable,
  /// and no core files. Without `user` the process stays who it is, which must not be the superuser.
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
    if let user, geteuid() == 0 {
      if !kept.isEmpty { try ConfinementError.check(sh_prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities") }
      try ConfinementError.check(
        sh_set_ids(user.uid, user.gid, user.groups, Int32(user.groups.count)), "become user \(user)")
    }
    try Capabilities.set(kept)
    var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
    try ConfinementError.checkErrno(setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore), "forbid core files")
    try ConfinementError.check(sh_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set no_new_privs")
    try ConfinementError.check(sh_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "make the process not dumpable")
    try keepParentDeathSignal(parentDeathSignal, parent)
  }

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

  /// Loads the system call filter; from here on the process can do what `rights` lists and nothing else.
  public static func filterSystemCalls(_ rights: ProcessRights) throws(ConfinementError) {
    // The C library reads the time zone at first use, which would be a file to open.
    tzset()
    try SeccompFilter.load(rights.seccomp)
  }
}
