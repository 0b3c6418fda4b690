/// The flags of a program, in the manner of Go's `flag` package.
///
/// A flag is written `-name value`, `-name=value`, or with two dashes. A boolean is set by its bare name and takes a
/// value only behind `=`. Any other flag takes the next argument whatever it looks like, so `-v -1` works. Parsing stops
/// at the first argument that is not a flag (a lone `-` is none) or behind `--`. Of a repeated flag the last one counts.
///
///     var flags = FlagSet(program: "launcher", summary: "agent of a compute or network node")
///     let server = flags.string("server", "HOST", default: "localhost", group: "Scheduler", help: "scheduler to join")
///     let parsed = try flags.parse(Array(CommandLine.arguments.dropFirst()))
///     connect(to: parsed[server])
public struct FlagSet: Sendable {
  /// Longest name that is worth a suggestion, in bytes: bounds the work that a command line can cause.
  private static let longestSuggestedName = 64
  /// Edits between a typing mistake and the flag that was meant.
  private static let suggestionDistance = 2

  public let program: String
  public let summary: String
  private(set) var definitions: [FlagDefinition] = []

  /// - Parameters:
  ///   - program: the command name for the first line of the help text.
  ///   - summary: what the program is, in one line.
  public init(program: String, summary: String) {
    self.program = program
    self.summary = summary
  }

  /// Defines a flag of any type. The typed definitions below all end here; a program uses it for types of its own.
  ///
  /// - Parameters:
  ///   - placeholder: what stands for the value in the help text; nil makes the flag a boolean that needs no value.
  ///   - defaultText: the default as the help text shows it; empty to show none.
  ///   - allowed: completes "… is not …" when `convert` returns nil.
  ///   - note: allowed values as the help text shows them before the default; empty to show none.
  ///   - group: the subject under which the help text lists the flag.
  ///   - detail: what a manual says beyond `help`.
  ///   - isInternal: set by the program that starts this one, and not shown to people.
  ///   - convert: the value of a text, nil when it is not allowed. It has no effects: it runs at every access.
  public mutating func value<Value: Sendable>(
    _ name: String, _ placeholder: String?, default defaultValue: Value, defaultText: String, allowed: String,
    note: String = "", group: String, help: String, detail: String = "", completion: FlagCompletion = .nothing,
    isInternal: Bool = false, convert: @escaping @Sendable (String) -> Value?
  ) -> Flag<Value> {
    precondition(!name.isEmpty && !name.hasPrefix("-") && !name.contains("="), "flag name \(name) cannot be typed")
    precondition(definition(of: name) == nil && !Self.helpNames.contains(name), "flag -\(name) is defined twice")
    definitions.append(
      FlagDefinition(
        name: name, placeholder: placeholder, defaultText: defaultText, allowed: allowed, note: note, group: group,
        help: help, detail: detail, completion: completion, isInternal: isInternal, accepts: { convert($0) != nil }))
    return Flag(name: name, defaultValue: defaultValue, convert: convert)
  }

  /// The flags that people may set, in the order of their definition.
  public var shown: [FlagDefinition] { definitions.filter { !$0.isInternal } }

  static let helpNames = ["h", "help"]

  func definition(of name: String) -> FlagDefinition? {
    definitions.first { $0.name == name }
  }

  /// Reads a command line (without the program's own name).
  ///
  /// - configuration: values by name from elsewhere, which those of the command line replace.
  public func parse(_ arguments: [String], configuration: [String: String] = [:]) throws(FlagError) -> ParsedFlags {
    var texts = configuration
    var rest = arguments[...]
    while let argument = rest.first, argument.hasPrefix("-"), argument != "-" {
      rest.removeFirst()
      if argument == "--" { break }
      let (name, attached) = try Self.split(argument)
      guard let definition = definition(of: name) else {
        if Self.helpNames.contains(name) { throw Self.helpRequest(attached) }
        throw .unknown(name: name, suggestion: nearestName(to: name))
      }
      guard let text = attached ?? (definition.isBoolean ? "true" : rest.popFirst()) else {
        throw .missingValue(name: name, allowed: definition.allowed)
      }
      guard definition.accepts(text) else {
        throw .invalidValue(name: name, value: text, allowed: definition.allowed)
      }
      texts[name] = text
    }
    return ParsedFlags(arguments: Array(rest), texts: texts)
  }

  /// `-help=man` and the like ask for another form of the help text.
  private static func helpRequest(_ value: String?) -> FlagError {
    guard let value, !["true", "1", "t"].contains(value) else { return .helpRequested }
    return .documentRequested(form: value)
  }

  /// `-name` or `--name`, with what stands behind `=` if there is one.
  private static func split(_ argument: String) throws(FlagError) -> (name: String, attached: String?) {
    let body = argument.dropFirst(argument.hasPrefix("--") ? 2 : 1)
    let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.first, !name.isEmpty, !name.hasPrefix("-") else { throw .badSyntax(argument: argument) }
    return (String(name), parts.count == 2 ? String(parts[1]) : nil)
  }

  /// Reads a configuration file: `name = value` a line, without the dashes; empty lines and those that begin with `#`
  /// are passed over.
  ///
  /// - path: the file's name, for errors.
  public func configuration(_ text: String, path: String) throws(FlagError) -> [String: String] {
    var texts: [String: String] = [:]
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = Self.trimmed(line)
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      let place = "\(path):\(index + 1)"
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(Self.trimmed)
      guard parts.count == 2, !parts[0].isEmpty else { throw .badLine(place: place, line: String(line)) }
      let (name, value) = (String(parts[0]), String(parts[1]))
      guard let definition = definition(of: name), !definition.isInternal else {
        throw .configuration(place: place, .unknown(name: name, suggestion: nearestName(to: name)))
      }
      guard texts[name] == nil else { throw .badLine(place: place, line: "\(name) for the second time") }
      guard definition.accepts(value) else {
        throw .configuration(place: place, .invalidValue(name: name, value: value, allowed: definition.allowed))
      }
      texts[name] = value
    }
    return texts
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let front = text.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
    return front[
      ..<(front.lastIndex { $0 != " " && $0 != "\t" && $0 != "\r" }.map { front.index(after: $0) } ?? front.startIndex)]
  }

  private func nearestName(to name: String) -> String? {
    guard name.utf8.count <= Self.longestSuggestedName else { return nil }
    let candidates = definitions.filter { !$0.isInternal }.map {
      (name: $0.name, distance: editDistance(name, $0.name))
    }
    // A distance of the whole name would make every short name a suggestion.
    return candidates.filter { $0.distance <= Self.suggestionDistance && $0.distance < name.utf8.count }
      .min { $0.distance < $1.distance }?.name
  }
}

/// Levenshtein distance in bytes.
private func editDistance(_ first: String, _ second: String) -> Int {
  let columns = Array(second.utf8)
  var row = Array(0...columns.count)
  for (i, byte) in first.utf8.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in columns.enumerated() {
      let substituted = diagonal + (byte == other ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[columns.count]
}
