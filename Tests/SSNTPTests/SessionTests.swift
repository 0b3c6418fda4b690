import Gob
import Testing

@testable import SSNTP

@Suite("A session")
struct SessionTests {
  private let node = NodeUUID("bc33e130-54cb-4c83-a611-c7dd05e00347")!
  private let server = NodeUUID("10213243-5465-4677-8899-aabbccddeeff")!

  @Test("runs between our own client and server")
  func bothEnds() throws {
    var (clientWriter, serverWriter) = (FrameWriter(), FrameWriter())
    var (clientReader, serverReader) = (FrameReader(at: .client), FrameReader(at: .server))
    let connect = ConnectFrame(role: [.agent, .networkAgent], source: node)
    serverReader.feed(clientWriter.encode(connect: connect))
    #expect(try serverReader.next() == .connect(connect))
    let connected = ConnectedFrame(role: .scheduler, source: server, destination: node, payload: Array("a: 1".utf8))
    clientReader.feed(serverWriter.encode(connected: connected))
    #expect(try clientReader.next() == .connected(connected))
    for frame in [
      Frame.status(.ready, origin: node, payload: Array("load: 0".utf8)), .error(.startFailure, origin: node),
      .event(.instanceDeleted, origin: node), .command(.stats, origin: node),
      Frame(type: 200, operand: 201, origin: node),
    ] {
      serverReader.feed(clientWriter.encode(frame: frame))
      #expect(try serverReader.next() == .frame(frame))
      clientReader.feed(serverWriter.encode(frame: frame))
      #expect(try clientReader.next() == .frame(frame))
    }
  }

  @Test("may be refused by an ERROR in place of CONNECTED")
  func refused() throws {
    for (name, code) in [("refused-failure", ErrorCode.connectionFailure), ("refused-aborted", .connectionAborted)] {
      var reader = FrameReader(at: .client)
      reader.feed(Vectors.named(name).stream)
      guard case .frame(let frame) = try reader.next() else {
        Issue.record("\(name) is no frame")
        return
      }
      #expect(frame.error == code)
    }
  }

  @Test("does not begin with anything else")
  func wrongBeginning() throws {
    var client = FrameReader(at: .client)
    client.feed(Vectors.named("start").stream)
    #expect(throws: SSNTPError.self) { try client.next() }
    var server = FrameReader(at: .server)
    server.feed(Vectors.named("ready").stream)
    #expect(throws: SSNTPError.self) { try server.next() }
  }

  @Test("has no second CONNECTED: behind the first value all are frames")
  func laterValuesAreFrames() throws {
    var (writer, reader) = (FrameWriter(), FrameReader(at: .client))
    let connected = ConnectedFrame(role: .scheduler, source: server, destination: node)
    reader.feed(writer.encode(connected: connected) + writer.encode(connected: connected))
    #expect(try reader.next() == .connected(connected))
    #expect(try reader.next() == .frame(.status(.connected, origin: .zero)))
  }

  @Test("may come in one read, CONNECT and frames together, and be defined anew for a server's second decoder")
  func secondEncoder() throws {
    var (first, second) = (FrameWriter(), FrameWriter())
    let frame = Frame.status(.full, origin: node)
    var reader = FrameReader(at: .server)
    // Both encoders call their type 65.
    reader.feed(first.encode(connect: ConnectFrame(role: .agent, source: node)) + second.encode(frame: frame))
    _ = try reader.next()
    #expect(try reader.next() == .frame(frame))
  }

  @Test("of a peer with odd types is refused: a field of another kind, a UUID of another length")
  func kinds() throws {
    func first(_ field: GobSchema.Field, at end: SessionEnd, _ write: (inout GobWriter) -> Void) throws -> Incoming? {
      var encoder = GobEncoder()
      var reader = FrameReader(at: end)
      reader.feed(encoder.encode(.structure(name: "F", fields: [field]), write))
      return try reader.next()
    }
    #expect(throws: SSNTPError.gob(.wrongKind(field: "Role", wanted: "an unsigned number", found: "a string"))) {
      try first(.init("Role", .string), at: .server) { $0.string("x") }
    }
    #expect(throws: SSNTPError.self) { try first(.init("Source", .bytes), at: .server) { $0.byteSlice([1, 2]) } }
    #expect(throws: SSNTPError.self) { try first(.init("Payload", .unsigned), at: .client) { $0.unsigned(1 as UInt8) } }
    // A field that this structure does not have is skipped, even if another structure has one of this name.
    #expect(try first(.init("Payload", .unsigned), at: .server) { $0.unsigned(1 as UInt8) } != nil)
  }
}
