import CertificateAuthority
import Glibc
import Testing

@testable import TLS

@Suite struct TransferTests {
  private let link: Link

  init() throws {
    link = try Cluster().link()
    try link.establish()
  }

  private func read(_ connection: TLSConnection, atMost limit: Int = 100) throws -> (TLSReadResult, [UInt8]) {
    var buffer = [UInt8](repeating: 0, count: limit)
    let result = try connection.read(into: &buffer)
    guard case .bytes(let count) = result else { return (result, []) }
    return (result, Array(buffer[..<count]))
  }

  @Test(arguments: [Link.Kind.unix, .tcp])
  func muchDataBothWaysAtOnceArrivesWhole(kind: Link.Kind) throws {
    let link = try Cluster().link(over: kind)
    try link.establish()
    // TCP with small buffers waits for its delayed acknowledgements, so those are left to the other kind.
    if kind == .unix { for end in [link.clientEnd, link.serverEnd] { end.setBuffers(bytes: 8192) } }
    let total = 1 << 20
    let up = (0..<total).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ ($0 >> 8)) }
    let down = Array(up.reversed())
    var sentUp = 0, sentDown = 0, isBlocked = false, isPartial = false
    var received: (up: [UInt8], down: [UInt8]) = ([], [])
    var buffer = [UInt8](repeating: 0, count: 10_000)
    func write(_ bytes: [UInt8], from sent: inout Int, to connection: TLSConnection) throws -> Bool {
      guard sent < bytes.count else { return false }
      guard case .bytes(let count) = try connection.write(bytes[sent...]) else {
        isBlocked = true
        return false
      }
      sent += count
      isPartial = isPartial || sent < bytes.count
      return true
    }
    func read(_ connection: TLSConnection, into all: inout [UInt8]) throws -> Bool {
      guard case .bytes(let count) = try connection.read(into: &buffer) else { return false }
      all += buffer[..<count]
      return true
    }
    while received.up.count < total || received.down.count < total {
      let wrote = (try write(up, from: &sentUp, to: link.client), try write(down, from: &sentDown, to: link.server))
      let got = (try read(link.server, into: &received.up), try read(link.client, into: &received.down))
      if !wrote.0, !wrote.1, !got.0, !got.1 { try link.serverEnd.waitBriefly() }
    }
    #expect(received.up == up && received.down == down)
    #expect(isPartial)
    #expect(isBlocked || kind == .tcp, "the test was to fill the socket")
  }

  @Test func aConnectionWorksAfterPreparingForConfinement() throws {
    try TLSContext.prepareForConfinement()
    try Cluster().link().establish()
  }

  @Test func aReadWithoutDataAsksToWait() throws {
    #expect(try read(link.client).0 == .wantsRead)
    #expect(try read(link.server).0 == .wantsRead)
  }

  @Test func nothingIsReadOrWrittenForAnEmptyBuffer() throws {
    #expect(try read(link.client, atMost: 0).0 == .bytes(0))
    #expect(try link.client.write([]) == .bytes(0))
    #expect(try read(link.server).0 == .wantsRead)
  }

  @Test func bytesLeftBehindAreCountedAsPending() throws {
    #expect(link.server.pendingBytes == 0)
    #expect(try link.client.write(Array(0..<50)[...]) == .bytes(50))
    #expect(try read(link.server, atMost: 10).1 == Array(0..<10))
    #expect(link.server.pendingBytes == 40)
    #expect(try read(link.server).1 == Array(10..<50))
    #expect(link.server.pendingBytes == 0)
  }

  @Test func aClosedConnectionIsToldAfterItsLastBytes() throws {
    #expect(try link.client.write([1, 2, 3]) == .bytes(3))
    link.client.close()
    link.clientEnd.close()
    #expect(try read(link.server).1 == [1, 2, 3])
    #expect(try read(link.server).0 == .closed)
    #expect(try read(link.server).0 == .closed, "and again")
  }

  @Test func anEndWithoutClosingMessageIsAnError() throws {
    #expect(try link.client.write([1, 2, 3]) == .bytes(3))
    link.clientEnd.close()
    #expect(try read(link.server).1 == [1, 2, 3])
    #expect(throws: TLSError.cutOff(during: .read)) { try read(link.server) }
    #expect(throws: TLSError.cutOff(during: .read), "an error is final") { try link.server.write([1]) }
  }

  @Test func aWriteToAPeerThatIsGoneIsAnErrorAndNoSignal() throws {
    link.clientEnd.close()
    #expect(throws: TLSError.socket(during: .write, code: EPIPE)) { try link.server.write([1]) }
    link.server.close()
  }

  @Test func aConnectionClosedByThisSideIsOfNoMoreUse() throws {
    link.client.close()
    link.client.close()
    #expect(throws: TLSError.closed) { try link.client.write([1]) }
    #expect(throws: TLSError.closed) { try read(link.client) }
    #expect(throws: TLSError.closed) { try link.client.handshake() }
  }

  @Test func anEndDuringTheHandshakeIsAnError() throws {
    let young = try Cluster().link()
    #expect(try young.client.handshake() == .wantsRead)
    young.serverEnd.close()
    #expect {
      try young.client.handshake()
    } throws: {
      // The kernel resets the stream when bytes of it were never read.
      [TLSError.cutOff(during: .handshake), .socket(during: .handshake, code: ECONNRESET)].contains($0 as? TLSError)
    }
    young.client.close()
  }

  @Test(arguments: ["GET / HTTP/1.0\r\n\r\n", "a line that is no TLS record at all\n"])
  func aPeerThatDoesNotSpeakTLSIsToldToBeAtTheWrongPort(text: String) throws {
    let young = try Cluster().link()
    young.clientEnd.sendPlain(text)
    #expect {
      _ = try young.server.handshake()
    } throws: {
      "\($0)".contains("does not seem to speak TLS")
    }
  }

  @Test func bytesForgedIntoTheStreamAreAnError() throws {
    link.clientEnd.sendPlain("\u{17}\u{3}\u{3}\u{1}\u{1}" + String(repeating: "x", count: 257))
    #expect {
      try read(link.server)
    } throws: {
      if case .protocolFailure(during: .read, _, _)? = $0 as? TLSError { true } else { false }
    }
  }

  @Test func theFailureOfOneConnectionDoesNotReachAnother() throws {
    let failing = try Cluster().link(peerName: "elsewhere.example")
    #expect(try failing.handshake().client != nil)
    #expect(try read(link.client).0 == .wantsRead)
    #expect(try link.server.write([7]) == .bytes(1))
    #expect(try read(link.client).1 == [7])
  }
}
