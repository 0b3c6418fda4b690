/// A bound that the kernel keeps for one process (setrlimit(2)); soft and hard limit are the same.
public struct ResourceLimit: Sendable {
  /// In the kernel's names.
  public enum Resource: String, Sendable {
    case core = "RLIMIT_CORE"
    case openFiles = "RLIMIT_NOFILE"
    /// Counted over all processes of the real user, compared when this one forks.
    case processes = "RLIMIT_NPROC"
    /// Bytes of a file that this process writes.
    case fileSize = "RLIMIT_FSIZE"
    case addressSpace = "RLIMIT_AS"
  }

  public let resource: Resource
  public let value: UInt64
  public let reason: String
}

func limit(_ resource: ResourceLimit.Resource, _ value: UInt64, because reason: String) -> ResourceLimit {
  ResourceLimit(resource: resource, value: value, reason: reason)
}

let noCore = limit(.core, 0, because: "a core file would hold keys, user-data or guest memory")
/// Not even the same user's other processes make this limit reached: it is compared only when this process forks.
let noFork = limit(.processes, 0, because: "starts no process and no thread")
let gibibyte: UInt64 = 1 << 30
let mebibyte: UInt64 = 1 << 20
