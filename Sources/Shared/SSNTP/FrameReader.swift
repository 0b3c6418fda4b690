import Gob
import Instances

/// The two ends of a session.
public enum SessionEnd: Sendable {
  case client, server
}

/// What a peer sent.
public enum Incoming: Equatable, Sendable {
  /// To a server, first.
  case connect(ConnectFrame)
  /// To a client, first, unless it is refused by an ERROR frame.
  case connected(ConnectedFrame)
  case frame(Frame)
}

/// Reads what the peer sends on one connection, from pieces of any size. Feed what was read, then take values until
/// there are none. After a reconnect a new reader is due.
///
/// Fields are matched by name: type ids, names of types and the order of fields are the peer's own business.
public struct FrameReader: Sendable {
  private let end: SessionEnd
  private let dialect: SSNTPDialect
  private var decoder: GobDecoder
  private var begun: Bool
  private var failure: SSNTPError?

  /// A reader at this end of the session: a client's reads what a server sends.
  public init(at end: SessionEnd, _ dialect: SSNTPDialect = .v2016, limits: GobLimits = GobLimits()) {
    self.init(at: end, dialect, limits: limits, begun: false)
  }

  /// A reader of a session that has `begun` awaits Frames alone.
  init(at end: SessionEnd, _ dialect: SSNTPDialect = .v2016, limits: GobLimits = GobLimits(), begun: Bool) {
    self.end = end
    self.dialect = dialect
    self.begun = begun
    decoder = GobDecoder(limits: limits)
  }

  /// Bytes that wait for the rest of their message.
  public var bufferedBytes: Int { decoder.bufferedBytes }

  public mutating func feed(_ bytes: [UInt8]) {
    decoder.feed(bytes)
  }

  public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    decoder.feed(bytes)
  }

  /// The next value; nil when more bytes are needed. Each call after an error throws it again.
  public mutating func next() throws(SSNTPError) -> Incoming? {
    if let failure { throw failure }
    do throws(SSNTPError) {
      guard begun else { return try first() }
      return try record(as: .frame).map { .frame($0.frame(in: dialect)) }
    } catch {
      failure = error
      throw error
    }
  }

  private mutating func first() throws(SSNTPError) -> Incoming? {
    guard let record = try record(as: end == .server ? .connect : .answer) else { return nil }
    begun = true
    let frame = record.frame(in: dialect)
    switch end {
    case .server:
      guard frame.command == .connect else { throw unexpected(record, "COMMAND CONNECT") }
      // The reference server reads the rest by a second decoder. To do the same finds clients that count on the first.
      decoder.forgetDefinitions()
      return .connect(record.connect)
    case .client:
      if frame.frameType == .error { return .frame(frame) }
      guard frame.status == .connected else { throw unexpected(record, "STATUS CONNECTED or an ERROR") }
      return .connected(record.connected)
    }
  }

  private mutating func record(as layout: Record.Layout) throws(SSNTPError) -> Record? {
    do throws(GobError) {
      return try decoder.next { (reader: inout GobReader) throws(GobError) in try Record(&reader, as: layout) }
    } catch {
      throw .gob(error)
    }
  }

  private func unexpected(_ record: Record, _ expected: String) -> SSNTPError {
    .unexpectedFirstValue(type: record.type, operand: record.operand, in: dialect, expected: expected)
  }
}
