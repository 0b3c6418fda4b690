import Foundation

/// A line that the peer reports: what happened on the server's side of SSNTP (Tests/Peer/event.go).
struct PeerEvent: Decodable {
  let event: String
  let address: String?
  let client: Int?
  let uuid: String?
  let role: String?
  let text: String?
  let type: String?
  let operand: String?
  let origin: String?
  let payload: String?
  let traced: Bool?
}

/// A frame that the server received.
struct Frame: CustomStringConvertible {
  /// Its place among all frames of the node's life.
  let index: Int
  let client: Int
  let type: String
  let operand: String
  let payload: String

  var description: String { "\(type) \(operand) {\(payload.replacingOccurrences(of: "\n", with: "; "))}" }

  /// The value of the first `key: value` in the payload, at whatever depth; nil when there is none.
  subscript(key: String) -> String? {
    for line in payload.split(separator: "\n") {
      if let (name, value) = Self.pair(line), name == key { return value }
    }
    return nil
  }

  /// The instances of a STATS, each as its keys and values, by UUID.
  var instances: [String: [String: String]] {
    var instances: [String: [String: String]] = [:]
    var current: String?
    for line in payload.split(separator: "\n") {
      guard let (name, value) = Self.pair(line) else { continue }
      if name == "instance_uuid" { current = value }
      if let current { instances[current, default: [:]][name] = value }
    }
    return instances
  }

  private static func pair(_ line: Substring) -> (String, String)? {
    let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    return (
      parts[0].trimmingCharacters(in: CharacterSet(charactersIn: "- ")),
      parts[1].trimmingCharacters(in: CharacterSet(charactersIn: "\" "))
    )
  }

  func isError(_ operand: String, _ reason: String? = nil, of instance: String? = nil) -> Bool {
    type == "ERROR" && self.operand == operand && (reason == nil || self["reason"] == reason)
      && (instance == nil || self["instance_uuid"] == instance)
  }

  var isStats: Bool { type == "COMMAND" && operand == "STATS" }
  var isStatus: Bool { type == "STATUS" }

  func isDeleted(_ instance: String) -> Bool {
    type == "EVENT" && operand == "InstanceDeleted" && self["instance_uuid"] == instance
  }
}
