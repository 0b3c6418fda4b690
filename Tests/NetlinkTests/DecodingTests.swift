import Glibc
import Linux
import Netlink
import Testing

/// What the kernel answers, and what nobody should.
@Suite struct DecodingTests {
  private func answers(_ name: String, _ sequence: UInt32 = 1) throws -> RecordedSocket {
    RecordedSocket(try Recording.datagrams(name).map { $0.answering(sequence) })
  }

  @Test("a recorded list of interfaces") func links() throws {
    let links = try NetlinkClient(answers("links")).links()
    let byName = Dictionary(uniqueKeysWithValues: links.map { ($0.name, $0) })
    let bridge = try #require(byName["lb-0123456789ab"])
    let tunnel = try #require(byName["lt-0123456789ab"])
    #expect(bridge.kind == "bridge" && bridge.mtu == 1450 && bridge.alias == "launcher 5d1e00c4 x" && !bridge.isUp)
    #expect(tunnel.kind == "vxlan" && tunnel.master == bridge.index && tunnel.isUp)
    #expect(byName["compute"]?.kind == "veth" && byName["compute"]?.address.count == 6)
    #expect(byName["lo"]?.kind == "" && byName["lo"]?.mtu == 65536)
  }

  @Test("a recorded list of addresses") func addresses() throws {
    let client = NetlinkClient(try answers("addresses"))
    let addresses = try client.addresses()
    #expect(addresses.map(\.address) == [10 << 24 | 9 << 16 | 1])
    #expect(addresses.first?.prefixLength == 24)
  }

  @Test("an acknowledgement, and a refusal with the kernel's words") func outcomes() throws {
    let done = try Recording.datagrams("done")[0].answering(1)
    let refused = try Recording.datagrams("refused")[0].answering(2)
    let client = NetlinkClient(RecordedSocket([done, refused]))
    let outcomes = try client.outcomes(of: [.setUp("a"), .setUp("b")])
    #expect(outcomes == [nil, .refused(code: EOPNOTSUPP, words: "Unknown device type")])
    #expect("\(outcomes[1]!)" == "Operation not supported (Unknown device type)")
  }

  @Test("requests of one datagram each get their number") func sequence() throws {
    let socket = RecordedSocket([1, 2].map { try! Recording.datagrams("done")[0].answering($0) })
    try NetlinkClient(socket).perform([.setUp("a"), .setUp("b")])
    let sent = try NetlinkAnswer.all(in: socket.sent[0])
    #expect(socket.sent.count == 1 && sent.map(\.sequence) == [1, 2])
  }

  @Test("what is missing is an error") func missing() throws {
    #expect(throws: NetlinkError.malformed("missing")) {
      try NetlinkClient(RecordedSocket([])).perform([.setUp("a")])
    }
    let other = try Recording.datagrams("done")[0].answering(7)
    #expect(throws: NetlinkError.malformed("missing")) {
      try NetlinkClient(RecordedSocket([other])).perform([.setUp("a")])
    }
    let unended = try Recording.datagrams("links").dropLast().map { $0.answering(1) }
    #expect(throws: NetlinkError.malformed("a list without an end")) {
      _ = try NetlinkClient(RecordedSocket(Array(unended))).links()
    }
  }

  @Test("a list that changed meanwhile is asked for again") func interrupted() throws {
    let whole = try Recording.datagrams("addresses")
    var changed = whole.map { $0.answering(1) }
    changed[0][6] |= 0x10
    final class Again: NetlinkSocket {
      var lists: [[[UInt8]]]
      private var current: [[UInt8]] = []
      init(_ lists: [[[UInt8]]]) { self.lists = lists }
      func send(_ datagram: [UInt8]) { current = lists.removeFirst() }
      func receive() -> [UInt8]? { current.isEmpty ? nil : current.removeFirst() }
    }
    let client = NetlinkClient(Again([changed, whole.map { $0.answering(2) }]))
    #expect(try client.addresses().count == 1)
  }

  @Test("whatever is cut off or altered is an error or another value, never a crash") func hostile() throws {
    for name in ["links", "addresses", "done", "refused"] {
      for datagram in try Recording.datagrams(name) {
        for end in stride(from: 0, to: datagram.count, by: 7) { read(Array(datagram[..<end])) }
        for offset in 0..<min(datagram.count, 2048) {
          for value: UInt8 in [0, 1, 3, 0x7f, 0xff] {
            var altered = datagram
            altered[offset] = value
            read(altered)
          }
        }
      }
    }
  }

  private func read(_ datagram: [UInt8]) {
    let client = { NetlinkClient(RecordedSocket([datagram.isEmpty ? [0] : datagram])) }
    _ = try? client().links()
    _ = try? client().addresses()
    _ = try? client().outcomes(of: [.setUp("a")])
    guard let messages = try? NetlinkAnswer.all(in: datagram) else { return }
    for message in messages {
      _ = try? Link(message)
      _ = try? LinkAddress(message)
    }
  }
}
