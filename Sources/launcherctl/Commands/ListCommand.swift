import GoFlags
import JSON

/// `launcherctl instances`, `stats` and `clients`: what the server knows at this moment.
enum ListCommand {
  static let instances = command(
    "instances", "the instances that the nodes report", request: .instances, table: NodeTables.instances)
  static let stats = command(
    "stats", "the figures that the nodes report", request: .stats, table: NodeTables.stats)
  static let clients = command(
    "clients", "the clients that are connected", request: .clients, table: NodeTables.clients)

  private static func command(
    _ name: String, _ summary: String, request: ControlRequest, table: @escaping @Sendable ([JSONValue]) -> Table
  ) -> Subcommand {
    @Sendable func run(_ arguments: [String]) throws -> ExitStatus {
      var flags = FlagSet(program: "launcherctl \(name)", summary: summary)
      let directory = flags.folder()
      let json = flags.json("a JSON array of objects")
      let parsed = try Arguments(arguments, flags: flags, operands: 0).flags
      let items = try ControlClient(folder: parsed[directory]).all(request)
      Console.print(
        parsed[json]
          ? String(decoding: JSONValue.array(items).prettySerialized(), as: UTF8.self) : table(items).text)
      return .success
    }
    return Subcommand(name: name, operands: "", summary: summary, run: run)
  }
}
