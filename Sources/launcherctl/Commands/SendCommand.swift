import GoFlags
import Instances
import JSON
import Linux
import Payloads
import SSNTP

/// `launcherctl start`, `stop`, `restart` and `delete`: one SSNTP command to one node.
struct SendCommand {
  private static let longestWait = Duration.seconds(24 * 3600)

  private let kind: InstanceCommand

  static func command(_ kind: InstanceCommand) -> Subcommand {
    let summary =
      switch kind {
      case .start: "start an instance from a payload (- for standard input)"
      case .stop: "stop an instance"
      case .restart: "start a stopped instance again"
      case .delete: "delete an instance"
      }
    return Subcommand(name: kind.payloadKey, operands: kind == .start ? "FILE" : "UUID", summary: summary) {
      try SendCommand(kind: kind).run($0)
    }
  }

  private func run(_ arguments: [String]) throws -> ExitStatus {
    var flags = FlagSet(of: Self.command(kind))
    let directory = flags.folder()
    let node = flags.value(
      "node", "UUID", default: NodeUUID?.none, defaultText: "", allowed: "a node's UUID of 36 characters",
      group: "Command",
      help: kind == .start
        ? "send to this node instead of the agent that connected last"
        : "send to this node instead of the one that reports the instance"
    ) { NodeUUID($0).map { Optional($0) } }
    let wait = flags.duration(
      "wait", default: .zero, in: .zero...Self.longestWait, group: "Command",
      help: "wait so long for the outcome; 0: do not wait")
    let raw = flags.bool("raw", group: "Command", help: "send it even if a launcher must refuse it")
    let json = flags.json("one JSON object for what was sent, one for the outcome, a line each")
    let parsed = try Arguments(arguments, flags: flags, operands: 1)

    let payload = try payload(of: parsed.operands[0], raw: parsed.flags[raw])
    let request = SendRequest(
      command: kind, instance: payload.instance, node: parsed.flags[node], payload: payload.bytes,
      waits: parsed.flags[wait] > .zero)
    let client = try ControlClient(folder: parsed.flags[directory])
    try client.send(.send(request))
    let printer = Printer(isJSON: parsed.flags[json])
    guard let sent = try client.next() else { throw ControlClient.endedEarly }
    printer.sent(sent)
    guard request.waits else { return .success }
    do {
      guard let outcome = try client.next(within: parsed.flags[wait]) else { throw ControlClient.endedEarly }
      return printer.outcome(outcome)
    } catch is ControlClient.TimedOut {
      Console.complain(
        "launcherctl \(kind.payloadKey): timed out: within \(parsed.flags[wait]) node \(visible(sent["node"])) reported "
          + "neither success nor failure of instance \(visible(sent["instance"])); see launcherctl events and instances"
      )
      return .timedOut
    }
  }

  private func payload(of operand: String, raw: Bool) throws -> (bytes: [UInt8], instance: String) {
    guard kind == .start else {
      if let instance = Identifier(operand) {
        return (Array("\(kind.payloadKey):\n  instance_uuid: \"\(instance)\"\n".utf8), instance.text)
      }
      guard raw else { throw UsageError(description: "\(operand.debugDescription) is no instance UUID; -raw sends it") }
      return (Array("\(kind.payloadKey):\n  instance_uuid: \(operand)\n".utf8), "")
    }
    let bytes = try InputFile.read(operand, limit: ServerLimits.payloadBytes)
    do {
      return (bytes, try parseStart(bytes).spec.instance.text)
    } catch {
      guard raw else { throw Failure("\(operand): \(error); -raw sends it nevertheless") }
      return (bytes, error.instance?.text ?? "")
    }
  }

  /// What the server answers, for people or scripts.
  private struct Printer {
    let isJSON: Bool

    func sent(_ item: JSONValue) {
      Console.print(
        isJSON
          ? item.description
          : "sent \(visible(item["command"])) of instance \(visible(item["instance"])) "
            + "(\(visible(item["payload_bytes"])) bytes) to node \(visible(item["node"]))")
    }

    func outcome(_ item: JSONValue) -> ExitStatus {
      let isSuccess = item["success"]?.bool == true
      let text = "instance \(visible(item["instance"])): \(visible(item["outcome"]))"
      if isJSON {
        Console.print(item.description)
      } else if isSuccess {
        Console.print(text)
      } else {
        Console.complain("\(text), reason \(visible(item["reason"]))")
      }
      return isSuccess ? .success : .failure
    }
  }
}
