import Instances
import JSON
import SSNTP

/// What a control connection asks: one JSON object on one line. The answers are lines too, each `{"item": …}` or
/// `{"error": "…"}`; `{"done": true}` ends them.
enum ControlRequest: Equatable {
  case clients, instances, stats
  case events(follow: Bool)
  case send(SendRequest)

  /// A payload takes two characters a byte; the rest is small.
  static let limits = JSONLimits(bytes: 2 * ServerLimits.payloadBytes + 4096, depth: 2, nodes: 16)

  var json: JSONValue {
    switch self {
    case .clients: ["request": "clients"]
    case .instances: ["request": "instances"]
    case .stats: ["request": "stats"]
    case .events(let follow): ["request": "events", "follow": .bool(follow)]
    case .send(let request):
      [
        "request": "send", "command": .string(request.command.payloadKey), "instance": .string(request.instance),
        "volume": .string(request.volume),
        "node": request.node.map { .string($0.description) } ?? .null,
        "payload_hex": .string(Hexadecimal.text(request.payload)), "wait": .bool(request.waits),
      ]
    }
  }

  /// nil for what is no request.
  init?(_ json: JSONValue) {
    switch json["request"]?.string {
    case "clients": self = .clients
    case "instances": self = .instances
    case "stats": self = .stats
    case "events": self = .events(follow: json["follow"]?.bool ?? false)
    case "send":
      guard let request = SendRequest(json) else { return nil }
      self = .send(request)
    default: return nil
    }
  }
}

/// What can be sent.
enum SendableCommand: Equatable {
  case instance(InstanceCommand)
  case node(NodeCommand)

  static let all = InstanceCommand.allCases.map { Self.instance($0) } + NodeCommand.allCases.map { Self.node($0) }

  var name: String {
    switch self {
    case .instance(let command): command.name
    case .node(let command): command.name
    }
  }

  var payloadKey: String {
    switch self {
    case .instance(let command): command.payloadKey
    case .node(let command): command.payloadKey
    }
  }

  var ssntp: SSNTP.Command {
    switch self {
    case .instance(let command): command.ssntp
    case .node(.evacuate): .evacuate
    case .node(.restore): .restore
    }
  }
}

/// A command to a node.
struct SendRequest: Equatable {
  var command: SendableCommand
  /// The instance that the payload names, to find its node and the outcome by; may be empty, as for a node's command.
  var instance: String
  /// The same for the volume of a command that is about one.
  var volume = ""
  /// nil: the agent that connected last or, but for START, the one that reports the instance.
  var node: NodeUUID?
  var payload: [UInt8]
  /// Whether the answer goes on with the outcome.
  var waits: Bool
}

extension SendRequest {
  /// Longest name of an instance or a volume, in bytes.
  private static let maximumInstance = 1024

  fileprivate init?(_ json: JSONValue) {
    guard let command = SendableCommand.all.first(where: { $0.payloadKey == json["command"]?.string }),
      let instance = json["instance"]?.string, instance.utf8.count <= Self.maximumInstance,
      let volume = json["volume"]?.string, volume.utf8.count <= Self.maximumInstance,
      let payload = json["payload_hex"]?.string.flatMap({ Hexadecimal.bytes($0) })
    else { return nil }
    var node: NodeUUID?
    if let text = json["node"]?.string {
      guard let uuid = NodeUUID(text) else { return nil }
      node = uuid
    }
    self.init(
      command: command, instance: instance, volume: volume, node: node, payload: payload,
      waits: json["wait"]?.bool ?? false)
  }
}

/// Bytes as text that JSON can carry, whatever they are.
enum Hexadecimal {
  private static let digits = Array("0123456789abcdef".utf8)

  static func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xf)]] }, as: UTF8.self)
  }

  /// nil unless there are two lower-case digits for each byte.
  static func bytes(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 {
      let digit: UInt8
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
      default: return nil
      }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return high == nil ? bytes : nil
  }
}
