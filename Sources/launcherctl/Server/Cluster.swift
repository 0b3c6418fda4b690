import Instances
import JSON
import Payloads
import SSNTP

/// What the server knows: the clients that are connected, what they said, and what happened.
final class Cluster {
  let uuid = NodeUUID.random()
  /// The server's, as its certificate backs it.
  let role: Role
  /// What its clients speak.
  let dialect: SSNTPDialect
  let journal = Journal()
  private var nodes: [NodeUUID: Node] = [:]
  private var joined = 0
  private var watches: [WeakWatch] = []
  /// Called when an answer that waits may have more to say.
  var onChange: (() -> Void)?

  private struct WeakWatch {
    weak var watch: OutcomeWatch?
  }

  init(role: Role, _ dialect: SSNTPDialect) {
    self.role = role
    self.dialect = dialect
    journal.onAppend = { [unowned self] in onChange?() }
  }

  /// In the order in which they connected.
  var clients: [Node] { nodes.values.sorted { $0.number < $1.number } }

  // MARK: Connections

  /// Takes a client in; an older connection of the same client ends.
  func join(_ session: Session, _ connect: ConnectFrame) -> Node {
    nodes[connect.source]?.session.end("replaced by a newer connection of the same client")
    joined += 1
    let node = Node(connect, session: session, number: joined)
    nodes[node.uuid] = node
    journal.append(
      "connected",
      [
        "node": .string(node.uuid.description), "role": .string(node.role.text),
        "detail": .string("\(node.role.text), certificate \(session.certificate)"),
      ])
    return node
  }

  func left(_ node: Node, reason: String) {
    if nodes[node.uuid] === node { nodes[node.uuid] = nil }
    journal.append("disconnected", ["node": .string(node.uuid.description), "detail": .string(reason)])
  }

  /// A connection ended before it became a client.
  func turnedAway(certificate: String, reason: String) {
    let whose = certificate.isEmpty ? "" : "certificate \(certificate): "
    journal.append("refused", ["detail": .string(whose + reason)])
  }

  // MARK: Frames

  func received(_ frame: Frame, from node: Node) {
    switch frame.frameType {
    case .status: status(frame, node)
    case .command where frame.command == .stats:
      guard let report = report(frame, node) else { return }
      node.stats = report
      watch(node) { $0.reported(report) }
    case .error: failure(frame, node)
    case .event: event(frame, node)
    case .command, nil:
      journal.append("ignored", ["node": .string(node.uuid.description), "detail": .string("\(frame)")])
    }
  }

  private func status(_ frame: Frame, _ node: Node) {
    let name = frame.status?.description ?? "\(frame.operand)"
    node.status = name
    if [.ready, .full, .maintenance].contains(frame.status), !frame.payload.isEmpty, let report = report(frame, node) {
      node.ready = report
    }
    journal.append("status", ["node": .string(node.uuid.description), "name": .string(name)])
    if let status = frame.status { watch(node) { $0.said(status) } }
  }

  private func report(_ frame: Frame, _ node: Node) -> NodeReport? {
    do throws(YAMLError) {
      return try NodeReport(parsing: frame.payload)
    } catch {
      unreadable(frame, node, error)
      return nil
    }
  }

  private func failure(_ frame: Frame, _ node: Node) {
    let payload = content(frame, node)
    let instance = payload?["instance_uuid"]?.text ?? ""
    let reason = payload?["reason"]?.text ?? ""
    journal.append(
      "error",
      [
        "node": .string(node.uuid.description), "name": .string(frame.error?.description ?? "\(frame.operand)"),
        "instance": .string(instance), "reason": .string(reason),
      ])
    if let error = frame.error {
      let volume = payload?["volume_uuid"]?.text ?? ""
      watch(node) { $0.failed(error, instance: instance, volume: volume, reason: reason.isEmpty ? "unknown" : reason) }
    }
  }

  private func event(_ frame: Frame, _ node: Node) {
    let payload = content(frame, node)
    let instance = (payload?["instance_deleted"] ?? payload?["instance_stopped"])?["instance_uuid"]?.text
    let isKept = frame.payload.count <= ServerLimits.journalPayloadBytes
    let kept = payload.map { isKept ? JSONValue($0) : "\(frame.payload.count) bytes, not kept" }
    journal.append(
      "event",
      [
        "node": .string(node.uuid.description), "name": .string(frame.event?.description ?? "\(frame.operand)"),
        "instance": instance.map { .string($0) }, "payload": kept,
      ])
    if let event = frame.event, [.instanceDeleted, .instanceStopped].contains(event), let instance {
      watch(node) { $0.removed(instance, event) }
    }
  }

  /// The payload of an error or event; nil where there is none or it is no YAML.
  private func content(_ frame: Frame, _ node: Node) -> YAMLNode? {
    if frame.payload.isEmpty { return nil }
    do throws(YAMLError) {
      return try YAMLNode(parsing: frame.payload, limits: ServerLimits.yaml)
    } catch {
      unreadable(frame, node, error)
      return nil
    }
  }

  private func unreadable(_ frame: Frame, _ node: Node, _ error: YAMLError) {
    journal.append("unreadable", ["node": .string(node.uuid.description), "detail": .string("\(frame): \(error)")])
  }

  // MARK: Commands

  /// Sends a command and, where it is asked for, watches for its outcome.
  func send(_ request: SendRequest) throws(SendRefusal) -> (node: Node, watch: OutcomeWatch?) {
    let node = try target(of: request)
    guard node.session.send(.command(request.command.ssntp, origin: uuid, payload: request.payload)) else {
      throw .notInDialect(request.command, dialect)
    }
    var watch: OutcomeWatch?
    if request.waits {
      watch = OutcomeWatch(
        node: node.uuid, command: request.command, instance: request.instance, volume: request.volume,
        stateBefore: node.state(of: request.instance))
      watches.removeAll { $0.watch == nil }
      watches.append(WeakWatch(watch: watch))
    }
    journal.append(
      "sent",
      [
        "node": .string(node.uuid.description), "name": .string(request.command.name),
        "instance": .string(request.instance), "detail": .string("\(request.payload.count) bytes"),
      ])
    return (node, watch)
  }

  private func target(of request: SendRequest) throws(SendRefusal) -> Node {
    if let uuid = request.node {
      guard let node = nodes[uuid] else { throw .noSuchNode(uuid) }
      return node
    }
    let agents = clients.filter(\.isAgent)
    guard let newest = agents.last else { throw .noAgent }
    if request.command == .instance(.start) { return newest }
    guard let node = agents.last(where: { $0.state(of: request.instance) != nil }) else {
      throw .noNodeReports(request.instance)
    }
    return node
  }

  private func watch(_ node: Node, _ tell: (OutcomeWatch) -> Void) {
    for case let watch? in watches.map(\.watch) where watch.node == node.uuid { tell(watch) }
    onChange?()
  }
}

/// Why a command is not sent.
enum SendRefusal: Error, Equatable, CustomStringConvertible {
  case noAgent
  case noSuchNode(NodeUUID)
  case noNodeReports(String)
  case notInDialect(SendableCommand, SSNTPDialect)

  var description: String {
    switch self {
    case .noAgent: "no agent is connected; see launcherctl clients and events"
    case .noSuchNode(let uuid): "node \(uuid) is not connected; see launcherctl clients"
    case .noNodeReports(let instance):
      "no connected agent reports instance \(instance) in its last STATS; see launcherctl instances, or name the "
        + "node with -node"
    case .notInDialect(let command, let dialect):
      "SSNTP of \(dialect.rawValue) has no \(command.name); serve with -ssntp-dialect=2016 for nodes that have it"
    }
  }
}
