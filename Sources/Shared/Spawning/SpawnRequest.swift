import CShims
import Confinement
import Glibc
import Linux
import Rights

/// What the shim needs to start a child.
struct SpawnRequest {
  let path: String
  let arguments: [String]
  let environment: [String]
  let descriptors: [Descriptor]
  let jail: Jailer.Jail
  let flags: UInt32

  /// Builds the C structure with everything that its pointers need kept alive.
  func with(_ body: (UnsafePointer<sh_spawn>) -> Int32) -> Int32 {
    let limits = jail.limits.map {
      let value = $0.attainable
      return sh_rlimit(resource: $0.resource.number, soft: value, hard: value)
    }
    return CStrings.with(arguments) { argv in
      CStrings.with(environment) { envp in
        path.withCString { path in
          descriptors.map(\.raw).withUnsafeBufferPointer { fds in
            limits.withUnsafeBufferPointer { limits in
              jail.filter.withUnsafeBytes { filter in
                var request = sh_spawn(
                  path: path, argv: argv, envp: envp, fds: fds.baseAddress, fd_count: Int32(fds.count),
                  rlimits: limits.baseAddress, rlimit_count: Int32(limits.count), flags: flags,
                  landlock: jail.ruleset?.raw ?? -1, filter: filter.baseAddress,
                  filter_length: UInt16(filter.count / SeccompFilter.instructionSize))
                return body(&request)
              }
            }
          }
        }
      }
    }
  }

  /// The step that failed, for people.
  static func name(of stage: Int32) -> String {
    switch Int(stage) {
    case SH_STAGE_FORK: "fork"
    case SH_STAGE_SETSID: "new session"
    case SH_STAGE_PDEATHSIG: "tie to the spawner"
    case SH_STAGE_RLIMIT: "resource limits"
    case SH_STAGE_FDS: "descriptors"
    case SH_STAGE_LANDLOCK: "Landlock domain"
    case SH_STAGE_SECCOMP: "seccomp filter"
    default: "execute"
    }
  }
}
