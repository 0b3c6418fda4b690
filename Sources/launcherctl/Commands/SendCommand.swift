import GoFlags
import Instances
import Linux
import Payloads
import SSNTP

/// `launcherctl start`, `stop`, `restart`, `delete`, `attach` and `detach`: one SSNTP command to one node.
struct SendCommand {
  static let longestWait = Duration.seconds(24 * 3600)

  private let kind: InstanceCommand

  static func command(_ kind: InstanceCommand) -> Subcommand {
    let summary =
      switch kind {
      case .start: "start an instance from a payload (- for standard input)"
      case .stop: "stop an instance"
      case .restart: "start a stopped instance again"
      case .delete: "delete an instance"
      case .attachVolume: "attach a volume to an instance"
      case .detachVolume: "detach a volume from an instance"
      }
    let operands = kind == .start ? "FILE" : kind.isOfVolume ? "UUID VOLUME" : "UUID"
    return Subcommand(name: name(of: kind), operands: operands, summary: summary) {
      try SendCommand(kind: kind).run($0)
    }
  }

  private static func name(of kind: InstanceCommand) -> String {
    switch kind {
    case .attachVolume: "attach"
    case .detachVolume: "detach"
    default: kind.payloadKey
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
    let stop =
      kind == .delete
      ? flags.bool("stop", group: "Command", help: "power the guest down first; the instance will go on elsewhere")
      : nil
    let raw = flags.bool("raw", group: "Command", help: "send it even if a launcher must refuse it")
    let json = flags.json("one JSON object for what was sent, one for the outcome, a line each")
    let parsed = try Arguments(arguments, flags: flags, operands: kind.isOfVolume ? 2 : 1)

    let request: SendRequest
    if kind.isOfVolume {
      request = try volumeRequest(
        parsed.operands[0], parsed.operands[1], node: parsed.flags[node], folder: parsed.flags[directory],
        raw: parsed.flags[raw], waits: parsed.flags[wait] > .zero)
    } else {
      var payload = try payload(of: parsed.operands[0], raw: parsed.flags[raw])
      if let stop, parsed.flags[stop] { payload.bytes += Array("  stop: true\n".utf8) }
      request = SendRequest(
        command: .instance(kind), instance: payload.instance, node: parsed.flags[node], payload: payload.bytes,
        waits: parsed.flags[wait] > .zero)
    }
    return try request.send(by: parsed.flags[directory], within: parsed.flags[wait], isJSON: parsed.flags[json]) {
      sent in
      "neither success nor failure of instance \(visible(sent["instance"])); see launcherctl events and instances"
    }
  }

  /// Its payload names the node as well: the one that reports the instance, where the command line names none.
  private func volumeRequest(
    _ instance: String, _ volume: String, node: NodeUUID?, folder: String, raw: Bool, waits: Bool
  ) throws -> SendRequest {
    for operand in [instance, volume] where Identifier(operand) == nil && !raw {
      throw UsageError(description: "\(operand.debugDescription) is no UUID; -raw sends it")
    }
    let reporting = try node ?? self.node(of: instance, folder: folder)
    let payload =
      "\(kind.payloadKey):\n  instance_uuid: \(instance)\n  volume_uuid: \(volume)\n"
      + "  workload_agent_uuid: \(reporting)\n"
    return SendRequest(
      command: .instance(kind), instance: Identifier(instance)?.text ?? "", volume: Identifier(volume)?.text ?? "",
      node: reporting, payload: Array(payload.utf8), waits: waits)
  }

  private func node(of instance: String, folder: String) throws -> NodeUUID {
    let items = try ControlClient(folder: folder).all(.instances)
    guard let item = items.last(where: { $0["instance_uuid"]?.string == instance }),
      let node = item["node_uuid"]?.string.flatMap({ NodeUUID($0) })
    else { throw Failure("\(SendRefusal.noNodeReports(instance))") }
    return node
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
}
