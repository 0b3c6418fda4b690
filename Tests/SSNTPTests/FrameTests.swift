import SSNTP
import Testing

@Suite("Frames")
struct FrameTests {
  @Test("operands have the numbers of SSNTP")
  func numbers() {
    #expect(FrameType.allCases.map(\.rawValue) == Array(0...3))
    #expect(Command.allCases.map(\.rawValue) == Array(0...12))
    #expect(Status.allCases.map(\.rawValue) == Array(0...4))
    #expect(ErrorCode.allCases.map(\.rawValue) == Array(0...9))
    #expect(Event.allCases.map(\.rawValue) == Array(0...9))
    #expect(Command.delete.rawValue == 5 && Command.restore.rawValue == 12)
    #expect(ErrorCode.connectionAborted.rawValue == 6 && Event.traceReport.rawValue == 6)
    let roles: [Role] = [.server, .controller, .agent, .scheduler, .networkAgent, .concentratorAgent]
    #expect(roles.map(\.rawValue) == [0x1, 0x2, 0x4, 0x8, 0x10, 0x20])
  }

  @Test("every operand has a name")
  func names() {
    #expect(FrameType.allCases.map(\.description).last == "EVENT")
    #expect(Command.allCases.map(\.description).last == "Restore")
    #expect(Status.allCases.map(\.description).last == "MAINTENANCE")
    #expect(ErrorCode.allCases.map(\.description).last == "DetachVolumeFailure")
    #expect(Event.allCases.map(\.description).last == "InstanceStopped")
  }

  @Test("typed views are nil for other types and unknown operands")
  func views() {
    let frame = Frame.command(.stop, origin: .zero)
    #expect(frame.command == .stop && frame.status == nil && frame.error == nil && frame.event == nil)
    #expect(Frame(type: 0, operand: 99, origin: .zero).command == nil)
    #expect(Frame(type: 9, operand: 1, origin: .zero).frameType == nil)
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
