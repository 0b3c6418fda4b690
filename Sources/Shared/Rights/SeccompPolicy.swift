/// What a system call filter does with some system calls.
public struct SyscallRule: Sendable {
  /// A condition on one argument, which the kernel compares as 64 bits without a sign.
  public struct Condition: Sendable, Equatable {
    public enum Comparison: Sendable, Equatable {
      /// `argument & mask == value`
      case equal(mask: UInt64, value: UInt64)
      case different(from: UInt64)
    }

    public let argument: UInt32
    public let comparison: Comparison
  }

  public let names: [String]
  /// All must hold; none: the call whatever its arguments.
  public let conditions: [Condition]
  /// The errno with which the call fails: in an allow-list instead of being allowed, in a deny-list instead of EPERM.
  /// With 0 it is not carried out either, but answered as if it were, by 0.
  public let failure: Int32?
  /// Why the process needs it (in an allow-list) or must not have it (in a deny-list, or where it fails).
  public let reason: String
}

/// A system call filter as data: what is listed, what happens to it, and what happens to the rest.
public struct SeccompPolicy: Sendable {
  public enum Kind: Sendable {
    /// What is not listed kills the process.
    case allowList
    /// What is listed fails with EPERM, the rest is allowed: for programs that are not ours.
    case denyList
  }

  public let kind: Kind
  public internal(set) var rules: [SyscallRule]
}

/// Rules read as a table: `rule("read", because: "…")`.
func rule(
  _ names: String..., when conditions: [SyscallRule.Condition] = [], failing failure: Int32? = nil,
  because reason: String
) -> SyscallRule {
  SyscallRule(names: names, conditions: conditions, failure: failure, reason: reason)
}

func argument(_ number: UInt32, is value: Int) -> SyscallRule.Condition {
  SyscallRule.Condition(argument: number, comparison: .equal(mask: .max, value: UInt64(value)))
}

/// Of an argument of which the kernel looks at 32 bits: in a deny-list more bits are no way past the rule.
func argument(_ number: UInt32, low32 value: Int) -> SyscallRule.Condition {
  argument(number, masked: 0xffff_ffff, is: value)
}

func argument(_ number: UInt32, isNot value: Int) -> SyscallRule.Condition {
  SyscallRule.Condition(argument: number, comparison: .different(from: UInt64(value)))
}

func argument(_ number: UInt32, hasNone bits: Int) -> SyscallRule.Condition {
  SyscallRule.Condition(argument: number, comparison: .equal(mask: UInt64(bits), value: 0))
}

func argument(_ number: UInt32, hasAll bits: Int) -> SyscallRule.Condition {
  SyscallRule.Condition(argument: number, comparison: .equal(mask: UInt64(bits), value: UInt64(bits)))
}

/// `argument & mask == value`
func argument(_ number: UInt32, masked mask: Int, is value: Int) -> SyscallRule.Condition {
  SyscallRule.Condition(argument: number, comparison: .equal(mask: UInt64(mask), value: UInt64(value)))
}
