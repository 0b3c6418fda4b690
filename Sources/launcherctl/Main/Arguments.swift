import GoFlags

/// The command line of one command: flags and operands in any order.
struct Arguments {
  let flags: ParsedFlags
  let operands: [String]

  /// - Parameter allowed: how many operands the command takes.
  init(_ arguments: [String], flags set: FlagSet, operands allowed: Int) throws {
    do {
      try self.init(arguments, flags: set)
    } catch {
      switch error {
      case .helpRequested: throw HelpRequest(text: set.helpText)
      case .documentRequested(let form) where form == DefinitionsRequest.form: throw DefinitionsRequest(flags: set)
      default: throw error
      }
    }
    guard operands.count == allowed else {
      throw UsageError(
        description: operands.count < allowed
          ? "an operand is missing; see -help"
          : "too many operands, from \(operands[allowed].debugDescription) on; see -help")
    }
  }

  /// GoFlags stops at the first operand, so the rest is parsed again behind each.
  private init(_ arguments: [String], flags set: FlagSet) throws(FlagError) {
    var flagArguments: [String] = []
    var operands: [String] = []
    var rest = arguments
    while !rest.isEmpty {
      let behind = try set.parse(rest).arguments
      var front = Array(rest.dropLast(behind.count))
      // A `--` that is not the value of a flag makes operands of all the rest.
      let endsFlags = front.last == "--" && (try? set.parse(front.dropLast())) != nil
      if endsFlags { front.removeLast() }
      flagArguments += front
      operands += endsFlags ? behind[...] : behind.prefix(1)
      rest = endsFlags ? [] : Array(behind.dropFirst())
    }
    flags = try set.parse(flagArguments)
    self.operands = operands
  }
}

/// A command line that does not fit its command.
struct UsageError: Error, CustomStringConvertible {
  let description: String
}

/// `-help` was given: not a failure.
struct HelpRequest: Error {
  let text: String
}

extension FlagSet {
  /// The flags of one command.
  init(of command: Subcommand) {
    self.init(program: "launcherctl \(command.heading)", summary: command.summary)
  }

  /// `-dir`: the folder of the server.
  mutating func folder() -> Flag<String> {
    value(
      "dir", "DIR", default: ServerFolder.defaultPath, defaultText: ServerFolder.rootsPath, allowed: "a text",
      group: "Server", help: "the server's folder: certificates and control socket",
      detail: "Of another user than root it is launcherctl in the user's runtime folder.", completion: .folder
    ) { $0 }
  }

  /// `-hosts`: whom the server's certificate names.
  mutating func hosts() -> Flag<[String]> {
    strings(
      "hosts", "HOST,...", default: Certificates.defaultHosts, group: "Certificates",
      help: "names and addresses that the server's certificate is made out for")
  }

  /// `-json`: for scripts.
  mutating func json(_ help: String) -> Flag<Bool> {
    bool("json", group: "Output", help: help)
  }
}
