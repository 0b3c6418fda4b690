/// A command line that was accepted: the value of each flag and what follows the flags.
public struct ParsedFlags: Sendable {
  /// The arguments behind the flags, in order.
  public let arguments: [String]
  /// The accepted text of each flag that was set, by name.
  let texts: [String: String]

  /// The value of a flag of the set that was parsed.
  public subscript<Value>(flag: Flag<Value>) -> Value {
    texts[flag.name].flatMap(flag.convert) ?? flag.defaultValue
  }

  /// The text that the command line gave for a flag; empty when it was not set.
  public func text<Value>(_ flag: Flag<Value>) -> String { texts[flag.name] ?? "" }

  /// What was set, as arguments that say the same, in the order of the names.
  public func arguments(except names: Set<String>) -> [String] {
    texts.filter { !names.contains($0.key) }.map { "-\($0.key)=\($0.value)" }.sorted()
  }

  /// The names of the flags that were set, be it to their defaults.
  public var names: Set<String> { Set(texts.keys) }

  /// Whether the command line set the flag, be it to its default.
  public func isSet<Value>(_ flag: Flag<Value>) -> Bool {
    texts[flag.name] != nil
  }
}
