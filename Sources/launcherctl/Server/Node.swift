import JSON
import SSNTP

/// A client that is connected, and the last that it said of itself.
final class Node {
  let uuid: NodeUUID
  let role: Role
  /// Wall-clock time.
  let since: String
  /// Ascending in the order in which clients connected.
  let number: Int
  let session: Session
  /// The name of the last STATUS.
  var status: String?
  /// Of the last READY, FULL or MAINTENANCE.
  var ready: NodeReport?
  /// Of the last STATS.
  var stats: NodeReport?

  init(_ connect: ConnectFrame, session: Session, number: Int) {
    uuid = connect.source
    role = connect.role
    since = WallClock.now()
    self.number = number
    self.session = session
  }

  var isAgent: Bool { !role.isDisjoint(with: [.agent, .networkAgent]) }

  /// The state of an instance in the last STATS; nil when it is not listed.
  func state(of instance: String) -> String? {
    stats?.instances.first { $0.uuid == instance }?.state
  }

  // MARK: For the control socket

  var clientItem: JSONValue {
    [
      "node_uuid": .string(uuid.description), "role": .string(role.text), "since": .string(since),
      "status": status.map { .string($0) } ?? .null, "instances": .int(Int64(stats?.instances.count ?? 0)),
      "certificate": .string(session.certificate),
    ]
  }

  var statsItem: JSONValue {
    var item = JSONObject()
    item["node_uuid"] = .string(uuid.description)
    item["status"] = (status ?? stats?.status).map { .string($0) } ?? .null
    (stats ?? ready)?.write(to: &item)
    return .object(item)
  }

  var instanceItems: [JSONValue] {
    (stats?.instances ?? []).map { $0.item(node: uuid) }
  }
}

extension Role {
  /// For people: `agent`, or `0x…` where a bit has no name.
  var text: String {
    let names: [(Role, String)] = [
      (.server, "server"), (.controller, "controller"), (.agent, "agent"), (.scheduler, "scheduler"),
      (.networkAgent, "network agent"), (.concentratorAgent, "CNCI agent"),
    ]
    let known = names.filter { contains($0.0) }
    guard known.reduce(0, { $0 | $1.0.rawValue }) == rawValue else { return "0x\(String(rawValue, radix: 16))" }
    return known.map(\.1).joined(separator: ", ")
  }
}
