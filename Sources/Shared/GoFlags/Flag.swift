/// A defined flag: the typed key under which its value is read, `parsed[flag]`.
public struct Flag<Value: Sendable>: Sendable {
  /// The name without dashes.
  public let name: String
  /// The value when the command line does not set the flag.
  public let defaultValue: Value
  /// Turns the text of the command line into the value; nil when it is not allowed.
  let convert: @Sendable (String) -> Value?
}

/// What the parser, the help text and the manuals need to know of a flag, whatever its type.
public struct FlagDefinition: Sendable {
  public let name: String
  /// What stands for the value in the help text; nil for a boolean, which needs no value.
  public let placeholder: String?
  /// The default as the help text shows it; empty where there is nothing to show.
  public let defaultText: String
  /// Completes "… is not …" in an error.
  public let allowed: String
  /// Allowed values as the help text shows them; empty where the placeholder says enough.
  let note: String
  public let group: String
  public let help: String
  /// What a manual says beyond `help`; empty where that is all.
  public let detail: String
  public let completion: FlagCompletion
  /// Set by the program that starts this one: not in help texts and manuals.
  let isInternal: Bool
  let accepts: @Sendable (String) -> Bool

  public var isBoolean: Bool { placeholder == nil }
}

/// What a shell proposes for a flag's value.
public enum FlagCompletion: Equatable, Sendable {
  case nothing
  case file
  case folder
  case values([String])
}
