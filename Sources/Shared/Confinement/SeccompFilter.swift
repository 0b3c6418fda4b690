import CSeccomp
import Glibc
import Linux
import Rights

/// A policy in the kernel's form, by libseccomp.
public struct SeccompFilter {
  private static let killProcess: UInt32 = 0x8000_0000
  private static let allow: UInt32 = 0x7fff_0000
  private static func fail(_ code: Int32) -> UInt32 { 0x0005_0000 | UInt32(code) }

  /// Bytes of struct sock_filter.
  public static let instructionSize = 8
  /// Bytes: the kernel takes 4096 instructions.
  private static let maximumProgram = 4096 * instructionSize

  /// System calls that are younger than the oldest libseccomp in use; the same numbers on all architectures.
  private static let young: [String: Int32] = [
    "fchmodat2": 452, "setxattrat": 463, "removexattrat": 466, "file_setattr": 469,
  ]

  /// Calls `body` with a filter that libseccomp can load or export.
  private static func with<R>(
    _ policy: SeccompPolicy, _ body: (scmp_filter_ctx) throws(ConfinementError) -> R
  ) throws(ConfinementError) -> R {
    let isAllowList = policy.kind == .allowList
    guard let filter = seccomp_init(isAllowList ? killProcess : allow) else {
      throw ConfinementError("make a seccomp filter")
    }
    defer { seccomp_release(filter) }
    for rule in policy.rules {
      let action = rule.failure.map(fail) ?? (isAllowList ? allow : fail(EPERM))
      let conditions = rule.conditions.map(\.libseccomp)
      for name in rule.names {
        var number = seccomp_syscall_resolve_name(name)
        if number == -1, let young = young[name] { number = young }
        guard number != -1 else { throw ConfinementError("seccomp: system call \(name) is unknown to libseccomp") }
        try ConfinementError.check(
          seccomp_rule_add_array(filter, action, number, UInt32(conditions.count), conditions),
          "seccomp rule for \(name)")
      }
    }
    return try body(filter)
  }

  static func load(_ policy: SeccompPolicy) throws(ConfinementError) {
    try with(policy) { (filter) throws(ConfinementError) in
      try ConfinementError.check(seccomp_load(filter), "load the seccomp filter")
    }
  }

  /// The filter's program (an array of struct sock_filter), to be loaded by a child between fork and exec.
  public static func program(_ policy: SeccompPolicy) throws(ConfinementError) -> [UInt8] {
    try with(policy) { (filter) throws(ConfinementError) in
      // A pipe takes it whole: the kernel's limit of 4096 instructions is half of what fits.
      let pipe = try ConfinementError.wrapping("export the seccomp filter") { () throws(SystemError) in
        try Descriptor.pipe()
      }
      try ConfinementError.check(seccomp_export_bpf(filter, pipe.writer.raw), "export the seccomp filter")
      var program = [UInt8](repeating: 0, count: maximumProgram)
      let count = read(pipe.reader.raw, &program, program.count)
      try ConfinementError.checkErrno(Int32(count), "read the seccomp filter")
      return Array(program[..<count])
    }
  }
}

extension SyscallRule.Condition {
  fileprivate var libseccomp: scmp_arg_cmp {
    switch comparison {
    case .equal(let mask, let value):
      scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
    case .different(let value): scmp_arg_cmp(arg: argument, op: SCMP_CMP_NE, datum_a: value, datum_b: 0)
    }
  }
}
