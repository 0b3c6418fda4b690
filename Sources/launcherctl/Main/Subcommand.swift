import Instances

/// One of the commands that follow the program's name.
struct Subcommand: Sendable {
  let name: String
  /// What stands behind the name, as the help text shows it.
  let operands: String
  let summary: String
  let run: @Sendable ([String]) throws -> ExitStatus

  static let all: [Subcommand] = [
    CertsCommand.command, ServeCommand.command,
    SendCommand.command(.start), SendCommand.command(.stop), SendCommand.command(.restart),
    SendCommand.command(.delete), SendCommand.command(.attachVolume), SendCommand.command(.detachVolume),
    NodeSendCommand.command(.evacuate), NodeSendCommand.command(.restore),
    ListCommand.instances, ListCommand.stats, ListCommand.clients,
    EventsCommand.command, TopCommand.command,
  ]

  static func named(_ name: String) -> Subcommand? { all.first { $0.name == name } }

  static var overview: String {
    let width = all.map(\.heading.count).max() ?? 0
    let lines = all.map { "  \($0.heading)\(String(repeating: " ", count: width - $0.heading.count))  \($0.summary)" }
    return """
      launcherctl: an SSNTP server on this machine's loopback interface, and commands to the launchers connected to it
      usage: launcherctl COMMAND [operands and flags in any order]

      \(lines.joined(separator: "\n"))

      launcherctl COMMAND -help tells the flags.
      Exit status: 0 success, 1 failure, 2 usage, 3 timed out.
      """
  }

  /// Name and operands.
  var heading: String { operands.isEmpty ? name : "\(name) \(operands)" }
}
