import GoFlags
import JSON

/// `launcherctl events`: the server's journal.
enum EventsCommand {
  static let command = Subcommand(
    name: "events", operands: "", summary: "what happened: connections, statuses, failures, events", run: run)

  private static func run(_ arguments: [String]) throws -> ExitStatus {
    var flags = FlagSet(of: command)
    let directory = flags.folder()
    let follow = flags.bool("follow", group: "Output", help: "go on with what happens from now on")
    let json = flags.json("one JSON object a line")
    let parsed = try Arguments(arguments, flags: flags, operands: 0).flags
    let client = try ControlClient(folder: parsed[directory])
    try client.send(.events(follow: parsed[follow]))
    if !parsed[json] { Console.print(EventLine.header) }
    while let item = try client.next() {
      Console.print(parsed[json] ? item.description : EventLine.text(item))
    }
    return .success
  }
}
