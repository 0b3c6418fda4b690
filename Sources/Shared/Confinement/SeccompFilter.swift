import CSeccomp
import Glibc
import Rights

/// Loads a policy into the kernel, by libseccomp.
enum SeccompFilter {
  private static let killProcess: UInt32 = 0x8000_0000
  private static let allow: UInt32 = 0x7fff_0000
  private static func fail(_ code: Int32) -> UInt32 { 0x0005_0000 | UInt32(code) }

  static func load(_ policy: SeccompPolicy) throws(ConfinementError) {
    let isAllowList = policy.kind == .allowList
    guard let filter = seccomp_init(isAllowList ? killProcess : allow) else {
      throw ConfinementError("make a seccomp filter")
    }
    defer { seccomp_release(filter) }
    for rule in policy.rules {
      for name in rule.names {
        let number = seccomp_syscall_resolve_name(name)
        guard number != -1 else { throw ConfinementError("seccomp: system call \(name) is unknown to libseccomp") }
        // clone3 must look absent, so that the C library falls back to clone.
        let action = isAllowList ? allow : fail(name == "clone3" ? ENOSYS : EPERM)
        let conditions = rule.conditions.map {
          scmp_arg_cmp(arg: $0.argument, op: SCMP_CMP_MASKED_EQ, datum_a: $0.mask, datum_b: $0.value)
        }
        try ConfinementError.check(
          seccomp_rule_add_array(filter, action, number, UInt32(conditions.count), conditions),
          "seccomp rule for \(name)")
      }
    }
    try ConfinementError.check(seccomp_load(filter), "load the seccomp filter")
  }
}
