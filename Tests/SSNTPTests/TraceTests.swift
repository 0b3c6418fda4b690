import SSNTP
import Testing

@Suite("Traces")
struct TraceTests {
  private let node = NodeUUID("bc33e130-54cb-4c83-a611-c7dd05e00347")!

  private func time(_ seconds: Int64, _ nanoseconds: UInt32 = 0, _ zone: Int? = nil) throws -> GobTime {
    try #require(GobTime(unixSeconds: seconds, nanoseconds: nanoseconds, zoneOffset: zone))
  }

  @Test(
    "a time is written as RFC 3339 has it",
    arguments: [
      (0, 0, nil, "1970-01-01T00:00:00Z"), (1_456_839_420, 250_000_000, nil, "2016-03-01T13:37:00.25Z"),
      (951_782_399, 999_999_999, nil, "2000-02-28T23:59:59.999999999Z"),
      (951_782_400, 1, nil, "2000-02-29T00:00:00.000000001Z"),
      (-1, 0, nil, "1969-12-31T23:59:59Z"), (4_107_542_400, 0, nil, "2100-03-01T00:00:00Z"),
      (1_456_839_420, 0, 19_800, "2016-03-01T19:07:00+05:30"), (1_456_839_420, 0, -12_600, "2016-03-01T10:07:00-03:30"),
      (1_456_839_420, 0, 0, "2016-03-01T13:37:00Z"), (253_402_214_399, 0, nil, "9999-12-30T23:59:59Z"),
      (-62_135_596_800, 0, nil, ""), (.max, 0, 3600, ""), (.min, 0, -3600, ""),
    ] as [(Int64, UInt32, Int?, String)])
  func text(seconds: Int64, nanoseconds: UInt32, zone: Int?, text: String) throws {
    #expect(try time(seconds, nanoseconds, zone).description == text)
  }

  @Test("a frame that is sent begins its trace, and one that came gets the receiver's stamp")
  func stamps() throws {
    let (first, second) = (try time(1), try time(2))
    var frame = Frame.command(.start, origin: node)
    frame.stampReception(by: node, .agent, first)
    #expect(frame.trace == nil && !frame.isTraced)
    frame.beginTrace(at: node, .scheduler, first)
    frame.stampReception(by: .zero, .agent, second)
    #expect(frame.isTraced && frame.trace?.start == first)
    let path = [
      TraceNode(uuid: node, role: .scheduler, sent: first), TraceNode(uuid: .zero, role: .agent, received: second),
    ]
    #expect(frame.trace?.path == path)
    var (writer, reader) = (FrameWriter(), FrameReader(at: .client))
    reader.feed(writer.encode(connected: ConnectedFrame(role: .scheduler, source: node, destination: .zero)))
    _ = try reader.next()
    reader.feed(writer.encode(frame: frame))
    #expect(try reader.next() == .frame(frame))
  }

  @Test("roles have the names of trace reports")
  func roles() {
    #expect("\(Role.agent)" == "CNAgent" && "\(Role.scheduler)" == "Scheduler")
    #expect("\([.agent, .networkAgent] as Role)" == "CNAgent-NetworkingAgent" && "\([] as Role)" == "")
  }
}
