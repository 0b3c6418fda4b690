import Confinement
import Glog
import GoFlags

/// The flags on logging that every process takes.
public struct LogFlags {
  private let verbosity: Flag<Int>
  private let modules: Flag<ModuleLevels>

  /// Highest level of verbose lines.
  private static let levels = 0...10

  public init(in flags: inout FlagSet) {
    verbosity = flags.int(
      "v", "LEVEL", default: 0, in: Self.levels, group: "Logging", help: "write verbose lines up to this level")
    modules = flags.value(
      "vmodule", "PATTERN=N,...", default: ModuleLevels(), defaultText: "", allowed: "a list of PATTERN=LEVEL",
      group: "Logging", help: "the same for source files that match"
    ) { ModuleLevels($0) }
  }

  /// The same flags for another process, as far as they were given.
  public func arguments(_ parsed: ParsedFlags) -> [String] {
    (parsed.isSet(verbosity) ? ["-v=\(parsed[verbosity])"] : [])
      + (parsed.isSet(modules) ? ["-vmodule=\(parsed.text(modules))"] : [])
  }

  public func settings(_ parsed: ParsedFlags) -> LogSettings {
    LogSettings(format: .ofStandardError(), verbosity: parsed[verbosity], modules: parsed[modules])
  }
}

extension FlagSet {
  /// `-user`: the identity that a process started as root takes.
  public mutating func userIDs() -> Flag<UserIDs?> {
    value(
      "user", "UID:GID[:GROUPS]", default: nil, defaultText: "",
      allowed: "UID:GID or UID:GID:GROUP,GROUP by number, not root", group: "Rights",
      help: "user and groups to take when started as root"
    ) { text in UserIDs(text).map { Optional($0) } }
  }
}

extension FlagSet {
  /// `-rendezvous`: where launcher-vmm is met.
  public mutating func rendezvous(default path: String) -> Flag<String> {
    string("rendezvous", "SOCKET", default: path, group: "Channels", help: "socket at which launcher-vmm is met")
  }
}
