/// The unit of an SSNTP session behind CONNECT and CONNECTED.
///
/// `type` and `operand` are kept as they came, for a peer may be newer; the typed views are nil for what this side
/// does not know.
public struct Frame: Equatable, Sendable {
  /// Bit of `major` that says that the frame's path is traced.
  public static let tracedBit: UInt8 = 0x80

  public var major: UInt8
  public var minor: UInt8
  public var type: UInt8
  public var operand: UInt8
  /// The node that made the frame.
  public var origin: NodeUUID
  public var trace: FrameTrace?
  /// YAML text, as a rule.
  public var payload: [UInt8]

  public init(
    major: UInt8 = ProtocolVersion.major, minor: UInt8 = ProtocolVersion.minor, type: UInt8, operand: UInt8,
    origin: NodeUUID, trace: FrameTrace? = nil, payload: [UInt8] = []
  ) {
    self.major = major
    self.minor = minor
    self.type = type
    self.operand = operand
    self.origin = origin
    self.trace = trace
    self.payload = payload
  }

  public static func command(_ operand: Command, origin: NodeUUID, payload: [UInt8] = []) -> Frame {
    Frame(type: FrameType.command.rawValue, operand: operand.rawValue, origin: origin, payload: payload)
  }

  public static func status(_ operand: Status, origin: NodeUUID, payload: [UInt8] = []) -> Frame {
    Frame(type: FrameType.status.rawValue, operand: operand.rawValue, origin: origin, payload: payload)
  }

  public static func error(_ operand: ErrorCode, origin: NodeUUID, payload: [UInt8] = []) -> Frame {
    Frame(type: FrameType.error.rawValue, operand: operand.rawValue, origin: origin, payload: payload)
  }

  public static func event(_ operand: Event, origin: NodeUUID, payload: [UInt8] = []) -> Frame {
    Frame(type: FrameType.event.rawValue, operand: operand.rawValue, origin: origin, payload: payload)
  }

  public var isTraced: Bool { major & Self.tracedBit != 0 }

  /// nil for a type that this side does not know.
  public var frameType: FrameType? { FrameType(rawValue: type) }

  /// The operand of a COMMAND that this side knows.
  public var command: Command? { frameType == .command ? Command(rawValue: operand) : nil }

  /// The operand of a STATUS that this side knows.
  public var status: Status? { frameType == .status ? Status(rawValue: operand) : nil }

  /// The operand of an ERROR that this side knows.
  public var error: ErrorCode? { frameType == .error ? ErrorCode(rawValue: operand) : nil }

  /// The operand of an EVENT that this side knows.
  public var event: Event? { frameType == .event ? Event(rawValue: operand) : nil }
}

/// For logs: names and sizes, never the payload, which may hold users' secrets.
extension Frame: CustomStringConvertible {
  public var description: String {
    "\(operandText(type: type, operand: operand)) from \(origin), \(payload.count) bytes of payload"
      + (isTraced ? ", traced" : "")
  }
}

/// The version of SSNTP spoken here: 0.1.
public enum ProtocolVersion {
  public static let major: UInt8 = 0
  public static let minor: UInt8 = 1
}

/// "COMMAND START", or the numbers where they have no name.
func operandText(type: UInt8, operand: UInt8) -> String {
  guard let frameType = FrameType(rawValue: type) else { return "frame of unknown type \(type), operand \(operand)" }
  let name: (any CustomStringConvertible)? =
    switch frameType {
    case .command: Command(rawValue: operand)
    case .status: Status(rawValue: operand)
    case .error: ErrorCode(rawValue: operand)
    case .event: Event(rawValue: operand)
    }
  return "\(frameType) \(name?.description ?? "of unknown operand \(operand)")"
}
