import Instances

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
  /// Its meaning depends on the dialect.
  public var operand: UInt8
  public private(set) var dialect: SSNTPDialect
  /// The node that made the frame.
  public var origin: NodeUUID
  public var trace: FrameTrace?
  /// YAML text, as a rule.
  public var payload: [UInt8]

  public init(
    major: UInt8 = ProtocolVersion.major, minor: UInt8 = ProtocolVersion.minor, type: UInt8, operand: UInt8,
    in dialect: SSNTPDialect = .v2016, origin: NodeUUID, trace: FrameTrace? = nil, payload: [UInt8] = []
  ) {
    self.major = major
    self.minor = minor
    self.type = type
    self.operand = operand
    self.dialect = dialect
    self.origin = origin
    self.trace = trace
    self.payload = payload
  }

  public static func command(_ operand: Command, origin: NodeUUID, payload: [UInt8] = []) -> Frame {
    Frame(operand, origin: origin, payload: payload)
  }

  public static func status(_ operand: Status, origin: NodeUUID, payload: [UInt8] = []) -> Frame {
    Frame(operand, origin: origin, payload: payload)
  }

  public static func error(_ operand: ErrorCode, origin: NodeUUID, payload: [UInt8] = []) -> Frame {
    Frame(operand, origin: origin, payload: payload)
  }

  public static func event(_ operand: Event, origin: NodeUUID, payload: [UInt8] = []) -> Frame {
    Frame(operand, origin: origin, payload: payload)
  }

  private init<Kind: Operand>(_ operand: Kind, origin: NodeUUID, payload: [UInt8]) {
    let (dialect, number) = operand.home
    self.init(type: Kind.frameType.rawValue, operand: number, in: dialect, origin: origin, payload: payload)
  }

  /// The same frame for a peer that speaks `dialect`; nil where that has no such operand.
  public func translated(to dialect: SSNTPDialect) -> Frame? {
    let number =
      switch frameType {
      case .command: command?.number(in: dialect)
      case .error: error?.number(in: dialect)
      case .status, .event, nil: operand
      }
    guard let number else { return nil }
    var frame = self
    frame.operand = number
    frame.dialect = dialect
    return frame
  }

  public var isTraced: Bool { major & Self.tracedBit != 0 }

  /// nil for a type that this side does not know.
  public var frameType: FrameType? { FrameType(rawValue: type) }

  /// The operand of a COMMAND that this side knows.
  public var command: Command? { view() }

  /// The operand of a STATUS that this side knows.
  public var status: Status? { view() }

  /// The operand of an ERROR that this side knows.
  public var error: ErrorCode? { view() }

  /// The operand of an EVENT that this side knows.
  public var event: Event? { view() }

  private func view<Kind: Operand>() -> Kind? { frameType == Kind.frameType ? Kind(operand, in: dialect) : nil }
}

/// For logs: names and sizes, never the payload, which may hold users' secrets.
extension Frame: CustomStringConvertible {
  /// What it is, whoever sent it: one of a few names.
  public var kind: String { operandText(type: type, operand: operand, in: dialect) }

  public var description: String {
    "\(kind) from \(origin), \(payload.count) bytes of payload"
      + (isTraced ? ", traced" : "")
  }
}

/// The version of SSNTP spoken here: 0.1.
public enum ProtocolVersion {
  public static let major: UInt8 = 0
  public static let minor: UInt8 = 1
}

/// "COMMAND START", or the numbers where they have no name.
func operandText(type: UInt8, operand: UInt8, in dialect: SSNTPDialect) -> String {
  guard let frameType = FrameType(rawValue: type) else { return "frame of unknown type \(type), operand \(operand)" }
  let name: (any CustomStringConvertible)? =
    switch frameType {
    case .command: Command(operand, in: dialect)
    case .status: Status(operand, in: dialect)
    case .error: ErrorCode(operand, in: dialect)
    case .event: Event(operand, in: dialect)
    }
  return "\(frameType) \(name?.description ?? "of unknown operand \(operand)")"
}
