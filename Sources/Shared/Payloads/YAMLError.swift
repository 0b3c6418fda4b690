/// Why a text could not be read as YAML.
public enum YAMLError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The text is no YAML 1.1 in UTF-8.
  case malformed(String)
  /// The text may be YAML, but goes beyond what is taken from outside: too long, too deep, too many parts.
  case refused(String)

  public var description: String {
    switch self {
    case .malformed(let problem): "cannot read the text as YAML: \(problem)"
    case .refused(let problem): "refusing to read the YAML text: \(problem)"
    }
  }
}
