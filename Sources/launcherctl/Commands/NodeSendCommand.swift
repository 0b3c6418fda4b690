import GoFlags
import Instances
import SSNTP

/// `launcherctl evacuate` and `restore`: a command about a node.
struct NodeSendCommand {
  private let kind: NodeCommand

  static func command(_ kind: NodeCommand) -> Subcommand {
    let summary =
      switch kind {
      case .evacuate: "stop a node's instances, and let it start none"
      case .restore: "let a node start instances again after evacuate"
      }
    return Subcommand(name: kind.payloadKey, operands: "NODE", summary: summary) {
      try NodeSendCommand(kind: kind).run($0)
    }
  }

  private func run(_ arguments: [String]) throws -> ExitStatus {
    var flags = FlagSet(of: Self.command(kind))
    let directory = flags.folder()
    let wait = flags.duration(
      "wait", default: .zero, in: .zero...SendCommand.longestWait, group: "Command",
      help: "wait so long for the node's new status; 0: do not wait")
    let json = flags.json("one JSON object for what was sent, one for the outcome, a line each")
    let parsed = try Arguments(arguments, flags: flags, operands: 1)
    guard let node = NodeUUID(parsed.operands[0]) else {
      throw UsageError(description: "\(parsed.operands[0].debugDescription) is no node's UUID; see launcherctl clients")
    }
    let request = SendRequest(
      command: .node(kind), instance: "", node: node,
      payload: Array("\(kind.payloadKey):\n  workload_agent_uuid: \"\(node)\"\n".utf8),
      waits: parsed.flags[wait] > .zero)
    return try request.send(by: parsed.flags[directory], within: parsed.flags[wait], isJSON: parsed.flags[json]) { _ in
      "no new status; see launcherctl clients and events"
    }
  }
}
