/// What a system call filter does with one system call.
public struct SyscallRule: Sendable {
  /// A condition on one argument: `argument & mask == value`.
  public struct Condition: Sendable, Equatable {
    public let argument: UInt32
    public let mask: UInt64
    public let value: UInt64

    public init(argument: UInt32, mask: UInt64 = .max, value: UInt64) {
      self.argument = argument
      self.mask = mask
      self.value = value
    }
  }

  public let names: [String]
  /// All must hold; none: the call whatever its arguments.
  public let conditions: [Condition]
  /// Why the process needs it (in an allow-list) or must not have it (in a deny-list).
  public let reason: String
}

/// A system call filter as data: what is listed, what happens to it, and what happens to the rest.
public struct SeccompPolicy: Sendable {
  public enum Kind: Sendable {
    /// What is not listed kills the process.
    case allowList
    /// What is listed fails with EPERM (or ENOSYS), the rest is allowed: for programs that are not ours.
    case denyList
  }

  public let kind: Kind
  public internal(set) var rules: [SyscallRule]
}

/// Rules read as a table: `allow("read", because: "…")`.
func rule(_ names: String..., when conditions: [SyscallRule.Condition] = [], because reason: String) -> SyscallRule {
  SyscallRule(names: names, conditions: conditions, reason: reason)
}

func argument(_ number: UInt32, is value: Int) -> SyscallRule.Condition {
  SyscallRule.Condition(argument: number, value: UInt64(value))
}

func argument(_ number: UInt32, hasNone bits: Int) -> SyscallRule.Condition {
  SyscallRule.Condition(argument: number, mask: UInt64(bits), value: 0)
}

func argument(_ number: UInt32, hasAll bits: Int) -> SyscallRule.Condition {
  SyscallRule.Condition(argument: number, mask: UInt64(bits), value: UInt64(bits))
}
