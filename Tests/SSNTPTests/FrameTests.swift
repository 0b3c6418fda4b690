import Instances
import SSNTP
import Testing

@Suite("Frames")
struct FrameTests {
  @Test("operands have the numbers of SSNTP")
  func numbers() {
    #expect(FrameType.allCases.map(\.rawValue) == Array(0...3))
    for dialect in SSNTPDialect.allCases {
      #expect(Status.inOrder(of: dialect) == [.connected, .ready, .full, .offline, .maintenance])
      #expect(Event.inOrder(of: dialect).count == 10 && Event.traceReport.number(in: dialect) == 6)
      #expect(Event.instanceStopped.number(in: dialect) == 9)
      #expect(Command.connect.number(in: dialect) == 0 && Command.start.number(in: dialect) == 1)
    }
    #expect(Command.delete.number(in: .v2016) == 5 && Command.restore.number(in: .v2016) == 12)
    #expect(Command.delete.number(in: .v2018) == 4 && Command.refreshConcentrator.number(in: .v2018) == 10)
    #expect(
      ErrorCode.connectionAborted.number(in: .v2016) == 6 && ErrorCode.attachVolumeFailure.number(in: .v2016) == 8)
    #expect(
      ErrorCode.connectionAborted.number(in: .v2018) == 4 && ErrorCode.attachVolumeFailure.number(in: .v2018) == 6)
    let roles: [Role] = [.server, .controller, .agent, .scheduler, .networkAgent, .concentratorAgent]
    #expect(roles.map(\.rawValue) == [0x1, 0x2, 0x4, 0x8, 0x10, 0x20])
  }

  @Test("a dialect numbers each operand once, and each operand is in one", arguments: SSNTPDialect.allCases)
  func numbersAreUnique(dialect: SSNTPDialect) {
    func check<Kind: Operand & Hashable>(_: Kind.Type) {
      let all = Kind.inOrder(of: dialect)
      #expect(Set(all).count == all.count)
      for (number, operand) in all.enumerated() {
        #expect(operand.number(in: dialect) == UInt8(number) && Kind(UInt8(number), in: dialect) == operand)
      }
      #expect(Kind(UInt8(all.count), in: dialect) == nil && Kind(255, in: dialect) == nil)
      #expect(Set(SSNTPDialect.allCases.flatMap { Kind.inOrder(of: $0) }) == Set(Kind.allCases))
    }
    check(Command.self)
    check(Status.self)
    check(ErrorCode.self)
    check(Event.self)
  }

  @Test("a frame is translated to a dialect by its operand, and what a dialect lacks is not")
  func translation() throws {
    let delete = try #require(Frame.command(.delete, origin: .zero, payload: [1]).translated(to: .v2018))
    #expect(delete.operand == 4 && delete.command == .delete && delete.payload == [1])
    #expect(delete.translated(to: .v2016) == .command(.delete, origin: .zero, payload: [1]))
    let lacking: [Frame] = [
      .command(.stop, origin: .zero), .command(.restart, origin: .zero), .command(.detachVolume, origin: .zero),
      .error(.stopFailure, origin: .zero), .error(.restartFailure, origin: .zero),
      .error(.detachVolumeFailure, origin: .zero),
    ]
    for frame in lacking { #expect(frame.translated(to: .v2018) == nil && frame.translated(to: .v2016) == frame) }
    #expect(Frame.command(.refreshConcentrator, origin: .zero).translated(to: .v2016) == nil)
    let event = Frame.event(.instanceStopped, origin: .zero)
    #expect(event.translated(to: .v2018)?.event == .instanceStopped)
  }

  @Test("a reader knows the numbers of its dialect", arguments: SSNTPDialect.allCases)
  func reading(dialect: SSNTPDialect) throws {
    var (writer, reader) = (FrameWriter(), FrameReader(at: .client, dialect))
    reader.feed(writer.encode(frame: Frame(type: 2, operand: 4, origin: .zero)))
    guard case .frame(let refusal)? = try reader.next() else {
      Issue.record("no refusal")
      return
    }
    #expect(refusal.error == (dialect == .v2016 ? .restartFailure : .connectionAborted))
    reader.feed(writer.encode(frame: Frame(type: 0, operand: 2, origin: .zero)))
    guard case .frame(let frame)? = try reader.next() else {
      Issue.record("no frame")
      return
    }
    #expect(frame.command == (dialect == .v2016 ? .stop : .stats))
  }

  @Test("typed views are nil for other types and unknown operands")
  func views() {
    let frame = Frame.command(.stop, origin: .zero)
    #expect(frame.command == .stop && frame.status == nil && frame.error == nil && frame.event == nil)
    #expect(Frame(type: 0, operand: 99, origin: .zero).command == nil)
    #expect(Frame(type: 9, operand: 1, origin: .zero).frameType == nil)
  }

  @Test("the kind of a frame is the same whoever sent it")
  func kind() {
    for byte in UInt8(1)...2 {
      let origin = NodeUUID(bytes: [UInt8](repeating: byte, count: 16))!
      #expect(Frame.command(.assignPublicIP, origin: origin).kind == "COMMAND AssignPublicIP")
    }
  }

  @Test("a frame in a log tells its kind and size, never its payload")
  func description() {
    var frame = Frame.command(.start, origin: .zero, payload: Array("password: x".utf8))
    frame.major |= Frame.tracedBit
    let text = "COMMAND START from 00000000-0000-0000-0000-000000000000, 11 bytes of payload, traced"
    #expect("\(frame)" == text)
    #expect(String(reflecting: Incoming.frame(frame)).contains(text))
    #expect(!String(reflecting: Incoming.frame(frame)).contains("112"), "the byte p")
    let connected = ConnectedFrame(role: .scheduler, source: .zero, destination: .zero, payload: [112])
    #expect(!String(reflecting: Incoming.connected(connected)).contains("112"))
    #expect("\(Frame(type: 9, operand: 7, origin: .zero))".hasPrefix("frame of unknown type 9, operand 7"))
    #expect("\(Frame(type: 3, operand: 77, origin: .zero))".hasPrefix("EVENT of unknown operand 77"))
  }

  @Test("a node UUID is read from its 36 characters and printed in lower case")
  func uuidText() throws {
    let text = "BC33e130-54cb-4c83-a611-c7dd05e00347"
    let uuid = try #require(NodeUUID(text))
    #expect(uuid.description == text.lowercased())
    #expect(uuid.bytes.first == 0xbc && uuid.bytes.last == 0x47)
    #expect(NodeUUID(bytes: uuid.bytes) == uuid)
    #expect(NodeUUID(bytes: [UInt8](repeating: 0, count: 16)) == .zero)
    for bad in [
      "", "bc33e130-54cb-4c83-a611-c7dd05e0034", text + "0", "bc33e130054cb-4c83-a611-c7dd05e00347",
      "bc33e130-54cb-4c83-a611-c7dd05e0034g", "bc33e13--54cb-4c83-a611-c7dd05e00347",
      "é33e130-54cb-4c83-a611-c7dd05e00347",
    ] {
      #expect(NodeUUID(bad) == nil, "\(bad)")
    }
    #expect(NodeUUID(bytes: []) == nil && NodeUUID(bytes: [UInt8](repeating: 0, count: 17)) == nil)
  }

  @Test("a new node UUID is of version 4 and unlike another")
  func randomUUID() {
    let uuids = (0..<100).map { _ in NodeUUID.random() }
    #expect(Set(uuids).count == 100)
    for uuid in uuids {
      #expect(uuid.bytes[6] >> 4 == 4 && uuid.bytes[8] >> 6 == 0b10)
    }
  }
}
