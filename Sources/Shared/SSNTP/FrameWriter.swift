import Gob

/// Encodes what one end sends on one connection. After a reconnect a new writer is due.
///
/// A client must send nothing between CONNECT and the answer, for the reference server throws away what its first
/// decoder has read: the types of a Frame are defined along with the first Frame, and share none with CONNECT.
public struct FrameWriter: Sendable {
  private var encoder = GobEncoder()

  public init() {}

  public mutating func encode(connect: ConnectFrame) -> [UInt8] {
    encoder.encode(Schema.connectFrame) { fields in
      fields.unsigned(connect.major)
      fields.unsigned(connect.minor)
      fields.unsigned(FrameType.command.rawValue)
      fields.unsigned(Command.connect.home.number)
      fields.unsigned(connect.role.rawValue)
      fields.byteSlice(connect.source.bytes)
      fields.byteSlice(connect.destination.bytes)
    }
  }

  public mutating func encode(connected: ConnectedFrame) -> [UInt8] {
    encoder.encode(Schema.connectedFrame) { fields in
      fields.unsigned(connected.major)
      fields.unsigned(connected.minor)
      fields.unsigned(FrameType.status.rawValue)
      fields.unsigned(Status.connected.home.number)
      fields.unsigned(connected.role.rawValue)
      fields.byteSlice(connected.source.bytes)
      fields.byteSlice(connected.destination.bytes)
      fields.unsigned(UInt32(clamping: connected.payload.count))
      fields.byteSlice(connected.payload)
    }
  }

  public mutating func encode(frame: Frame) -> [UInt8] {
    encoder.encode(Schema.frame) { fields in
      fields.unsigned(frame.major)
      fields.unsigned(frame.minor)
      fields.unsigned(frame.type)
      fields.unsigned(frame.operand)
      fields.byteArray(frame.origin.bytes)
      fields.unsigned(UInt32(clamping: frame.payload.count))
      if let trace = frame.trace {
        fields.structure { $0.fields(of: trace) }
      } else {
        fields.absent()
      }
      fields.byteSlice(frame.payload)
    }
  }
}

extension GobWriter {
  fileprivate mutating func fields(of trace: FrameTrace) {
    byteSlice(trace.label)
    selfEncoded(trace.start?.encoded)
    selfEncoded(trace.end?.encoded)
    unsigned(UInt8(clamping: trace.path.count))
    slice(Array(trace.path.prefix(FrameTrace.maximumPath))) { node, stop in
      node.byteSlice(stop.uuid.bytes)
      node.unsigned(stop.role.rawValue)
      node.selfEncoded(stop.sent?.encoded)
      node.selfEncoded(stop.received?.encoded)
    }
  }
}
