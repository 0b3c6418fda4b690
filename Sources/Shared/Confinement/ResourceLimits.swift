import Glibc
import Rights

extension ResourceLimit.Resource {
  /// The kernel's number.
  public var number: Int32 {
    switch self {
    case .core: Int32(RLIMIT_CORE.rawValue)
    case .openFiles: Int32(RLIMIT_NOFILE.rawValue)
    case .processes: Int32(__RLIMIT_NPROC.rawValue)
    case .fileSize: Int32(RLIMIT_FSIZE.rawValue)
    case .addressSpace: Int32(RLIMIT_AS.rawValue)
    }
  }
}

extension ResourceLimit {
  /// The value, or this process's hard limit where that is lower.
  public var attainable: UInt64 {
    var present = rlimit()
    guard getrlimit(__rlimit_resource_t(UInt32(resource.number)), &present) == 0 else { return value }
    return min(value, UInt64(present.rlim_max))
  }

  /// Sets soft and hard limit, unless a service manager has seen to that already: its filter need not allow it.
  func apply() throws(ConfinementError) {
    let resource = __rlimit_resource_t(UInt32(resource.number))
    let bound = rlim_t(attainable)
    var present = rlimit()
    guard getrlimit(resource, &present) != 0 || (present.rlim_cur, present.rlim_max) != (bound, bound) else { return }
    var wanted = rlimit(rlim_cur: bound, rlim_max: bound)
    try ConfinementError.checkErrno(setrlimit(resource, &wanted), "set \(self.resource.rawValue) to \(bound)")
    // A write beyond the limit is to fail like one on a full disk, not to end the process.
    if self.resource == .fileSize { signal(SIGXFSZ, SIG_IGN) }
  }
}
