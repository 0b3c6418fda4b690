import Gob
import Instances

/// A value of the stream before it is known which structure it is: what any of them may have, matched by name.
/// Fields that the peer left out are zero.
struct Record {
  /// Which structures a value may be, and so which names are known. Others are skipped, whatever they hold.
  enum Layout {
    case connect
    /// A ConnectedFrame or, when the server refuses, a Frame.
    case answer
    case frame
  }

  var major: UInt8 = 0
  var minor: UInt8 = 0
  var type: UInt8 = 0
  var operand: UInt8 = 0
  var role: Role = []
  var source = NodeUUID.zero
  var destination = NodeUUID.zero
  var origin = NodeUUID.zero
  var trace: FrameTrace?
  var payload: [UInt8] = []

  init(_ reader: inout GobReader, as layout: Layout) throws(GobError) {
    var fields = try reader.structure()
    while let field = try reader.nextField(of: &fields) {
      switch field {
      case "Major": major = try reader.unsigned()
      case "Minor": minor = try reader.unsigned()
      case "Type": type = try reader.unsigned()
      case "Operand": operand = try reader.unsigned()
      case "Role" where layout != .frame: role = Role(rawValue: try reader.unsigned())
      case "Source" where layout != .frame: source = try reader.uuid(field)
      case "Destination" where layout != .frame: destination = try reader.uuid(field)
      case "Origin" where layout != .connect: origin = try reader.uuidArray(field)
      case "Trace" where layout != .connect: trace = try FrameTrace(&reader)
      // Redundant: the payload knows its length, and peers do not read this either. But it must be a number of its kind.
      case "PayloadLength" where layout != .connect: _ = try reader.unsigned(UInt32.self)
      case "Payload" where layout != .connect: payload = try reader.byteSlice()
      default: break
      }
    }
  }

  var connect: ConnectFrame {
    ConnectFrame(major: major, minor: minor, role: role, source: source, destination: destination)
  }

  var connected: ConnectedFrame {
    ConnectedFrame(
      major: major, minor: minor, role: role, source: source, destination: destination, payload: payload)
  }

  func frame(in dialect: SSNTPDialect) -> Frame {
    Frame(
      major: major, minor: minor, type: type, operand: operand, in: dialect, origin: origin, trace: trace,
      payload: payload)
  }
}

extension FrameTrace {
  fileprivate init(_ reader: inout GobReader) throws(GobError) {
    self.init()
    var fields = try reader.structure()
    while let field = try reader.nextField(of: &fields) {
      switch field {
      case "Label": label = try reader.byteSlice()
      case "StartTimestamp": start = try reader.time(field)
      case "EndTimestamp": end = try reader.time(field)
      // Redundant: the path knows its length.
      case "PathLength": _ = try reader.unsigned(UInt8.self)
      case "Path": path = try reader.path()
      default: break
      }
    }
  }
}

extension TraceNode {
  fileprivate init(_ reader: inout GobReader) throws(GobError) {
    self.init()
    var fields = try reader.structure()
    while let field = try reader.nextField(of: &fields) {
      switch field {
      case "UUID": uuid = try reader.uuid(field)
      case "Role": role = Role(rawValue: try reader.unsigned())
      case "TxTimestamp": sent = try reader.time(field)
      case "RxTimestamp": received = try reader.time(field)
      default: break
      }
    }
  }
}

extension GobReader {
  /// A UUID as a byte slice of 16 bytes.
  fileprivate mutating func uuid(_ field: String) throws(GobError) -> NodeUUID {
    let bytes = try byteSlice()
    guard let uuid = NodeUUID(bytes: bytes) else {
      throw .invalidValue(field: field, why: "has \(bytes.count) bytes, a UUID has \(NodeUUID.byteCount)")
    }
    return uuid
  }

  /// A UUID as an array of 16 numbers.
  fileprivate mutating func uuidArray(_ field: String) throws(GobError) -> NodeUUID {
    guard let uuid = NodeUUID(bytes: try byteArray(count: NodeUUID.byteCount)) else {
      throw .invalidValue(field: field, why: "is no UUID")
    }
    return uuid
  }

  fileprivate mutating func time(_ field: String) throws(GobError) -> GobTime {
    guard let time = GobTime(encoded: try selfEncoded()) else {
      throw .invalidValue(field: field, why: "is no time of a known version")
    }
    return time
  }

  fileprivate mutating func path() throws(GobError) -> [TraceNode] {
    var path: [TraceNode] = []
    var elements = try slice(limit: FrameTrace.maximumPath)
    while try nextElement(of: &elements) {
      path.append(try TraceNode(&self))
    }
    return path
  }
}
