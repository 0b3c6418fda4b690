/// Why a command line was not accepted. Except for `helpRequested`, print the description and exit with status 2.
public enum FlagError: Error, Equatable, CustomStringConvertible {
  /// `-h` or `-help` was given: print `FlagSet.helpText` on standard output and exit with status 0.
  case helpRequested
  /// The argument starts as a flag but has no name, such as `-=x` or `---x`.
  case badSyntax(argument: String)
  /// No flag has this name; `suggestion` is the nearest one that exists.
  case unknown(name: String, suggestion: String?)
  /// The flag takes a value and the command line ends.
  case missingValue(name: String, allowed: String)
  /// The value is not one the flag takes.
  case invalidValue(name: String, value: String, allowed: String)

  public var description: String {
    switch self {
    case .helpRequested:
      "help requested"
    case .badSyntax(let argument):
      "\(Self.quoted(argument)) is not a flag: expected -name or -name=value; see -help"
    case .unknown(let name, let suggestion):
      "unknown flag \(Self.quoted("-" + name))\(suggestion.map { ", did you mean -\($0)?" } ?? ";") see -help"
    case .missingValue(let name, let allowed):
      "flag -\(name) needs a value: \(allowed); see -help"
    case .invalidValue(let name, let value, let allowed):
      "flag -\(name): \(Self.quoted(value)) is not \(allowed); see -help"
    }
  }

  /// Characters of a rejected argument that an error shows; enough to recognise it, and it stays one line.
  private static let shownCharacters = 200

  private static func quoted(_ text: String) -> String {
    String(text.prefix(shownCharacters)).debugDescription + (text.count > shownCharacters ? "…" : "")
  }
}
