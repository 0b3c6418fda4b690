/// Why a command line was not accepted. Except for `helpRequested`, print the description and exit with status 2.
public indirect enum FlagError: Error, Equatable, CustomStringConvertible {
  /// `-h` or `-help` was given: print `FlagSet.helpText` on standard output and exit with status 0.
  case helpRequested
  /// `-help=FORM` was given: print the help in another form, such as a manual page, if there is one.
  case documentRequested(form: String)
  /// The argument starts as a flag but has no name, such as `-=x` or `---x`.
  case badSyntax(argument: String)
  /// No flag has this name; `suggestion` is the nearest one that exists.
  case unknown(name: String, suggestion: String?)
  /// The flag takes a value and the command line ends.
  case missingValue(name: String, allowed: String)
  /// The value is not one the flag takes.
  case invalidValue(name: String, value: String, allowed: String)

  /// A line of a configuration file that is no `name = value`.
  case badLine(place: String, line: String)
  /// What is wrong with a line of a configuration file.
  case configuration(place: String, FlagError)

  public var description: String {
    switch self {
    case .helpRequested:
      "help requested"
    case .documentRequested(let form):
      "there is no help in the form \(Self.quoted(form)); see -help"
    case .badLine(let place, let line):
      "\(place): \(Self.quoted(line)) is not a line of the form name = value"
    case .configuration(let place, let error):
      "\(place): \(error)"
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
