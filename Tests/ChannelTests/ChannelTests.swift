import CShims
import Glibc
import Linux
import Loop
import Testing

@testable import Channel

func dupOf(_ descriptor: Descriptor) -> Int32 { fcntl(descriptor.raw, F_DUPFD_CLOEXEC, 0) }

/// A loop that ends by itself when a test's event does not come.
func makeLoop() throws -> EventLoop {
  let loop = try EventLoop()
  loop.schedule(at: .after(seconds: 20)) {
    Issue.record("what the test waits for did not happen")
    loop.stop()
  }
  return loop
}

extension EventLoop {
  /// Ends the loop once everything that is ready by now has been served.
  fileprivate func stopSoon(after rounds: Int = 3) {
    schedule(at: .now) { [self] in if rounds == 0 { stop() } else { stopSoon(after: rounds - 1) } }
  }
}

/// A channel between two ends that are both in this process, and what became of it.
private final class Link {
  let loop: EventLoop
  let peer: Descriptor
  let channel: Channel<NetToVMM, VMMToNet>
  let log = Log()

  final class Log {
    var received: [UInt64] = []
    var closed: [String] = []
    var onMessage: (() -> Void)?
  }

  init(_ loop: EventLoop) throws {
    self.loop = loop
    let (ours, theirs) = try UnixSocket.pair()
    peer = theirs
    let log = log
    channel = Channel(
      ours, loop: loop,
      onMessage: {
        if case .acknowledge(let number) = $0 { log.received.append(number) }
        log.onMessage?()
      },
      onClose: {
        log.closed.append($0)
        loop.stop()
      })
  }

  func peerSends(_ message: NetToVMM) -> Int32 {
    Datagram.send(MessageCoding.encode(message), message.descriptors, peer)
  }

  /// What the channel has sent so far: the number of each `completed`.
  func peerReads() -> [UInt64] {
    var numbers: [UInt64] = []
    while case .message(let bytes, let descriptors) = Datagram.receive(peer) {
      guard case .completed(let number)? = try? MessageCoding.decode(VMMToNet.self, bytes, descriptors) else {
        continue
      }
      numbers.append(number)
    }
    return numbers
  }
}

@Test func messagesArriveInOrder() throws {
  let link = try Link(makeLoop())
  for number: UInt64 in 0..<100 { try #require(link.peerSends(.acknowledge(number)) == 0) }
  link.log.onMessage = { if link.log.received.count == 100 { link.loop.stop() } }
  link.loop.run()
  #expect(link.log.received == Array(0..<100))
  link.channel.close()
}

@Test func whatAPeerDoesNotReadWaitsInOrder() throws {
  let link = try Link(makeLoop())
  for number: UInt64 in 0..<5000 { #expect(link.channel.send(.completed(number))) }
  var read: [UInt64] = []
  link.loop.onReadable(link.peer.raw) {
    read += link.peerReads()
    // What is sent while older messages wait comes after them.
    if read.count >= 5000, read.count < 5100 {
      for number in read.count..<5100 { link.channel.send(.completed(UInt64(number))) }
    }
    if read.count == 5100 { link.loop.stop() }
  }
  link.loop.run()
  #expect(read == Array(0..<5100))
  #expect(link.log.closed.isEmpty)
  link.loop.forget(link.peer.raw)
  link.channel.close()
}

@Test func aPeerThatDoesNotReadAtAllIsGivenUpAtTheLimit() throws {
  let link = try Link(makeLoop())
  let limit = UInt64(Channel<NetToVMM, VMMToNet>.queueLimit)
  var sent: UInt64 = 0
  while link.channel.isOpen, sent < 10 * limit {
    link.channel.send(.completed(sent))
    sent += 1
  }
  #expect(!link.channel.isOpen)
  #expect(sent > limit)
  #expect(link.log.closed == ["\(limit) messages wait for the peer"])
  #expect(!link.channel.send(.completed(0)))
}

@Test func descriptorsOfMessagesThatWereSentAreNotKeptWhileOthersWait() throws {
  let link = try Link(makeLoop())
  let (reader, writer) = try Descriptor.pipe()
  try reader.setNonBlocking()
  for number: UInt64 in 0..<2000 { link.channel.send(.completed(number)) }
  link.channel.send(.statsChannel(Descriptor(dupOf(writer))))
  writer.close()
  // The queue never runs empty: for each message that is read another one is sent.
  var seen = 0
  var isClosed = false
  link.loop.onReadable(link.peer.raw) {
    for _ in 0..<32 {
      guard case .message = Datagram.receive(link.peer) else { return }
      link.channel.send(.completed(0))
      seen += 1
    }
    var byte: UInt8 = 0
    isClosed = (try? withUnsafeMutableBytes(of: &byte) { try reader.read(into: $0) }) == .end
    if isClosed || seen > 10_000 { link.loop.stop() }
  }
  link.loop.run()
  #expect(isClosed)
  link.loop.forget(link.peer.raw)
  link.channel.close()
}

@Test func aMessageThatCannotBeDecodedClosesTheChannelWithAReason() throws {
  let link = try Link(makeLoop())
  try #require(link.peerSends(.acknowledge(1)) == 0)
  try #require(Datagram.send([1, 99], [], link.peer) == 0)
  try #require(link.peerSends(.acknowledge(2)) == 0)
  link.loop.run()
  #expect(link.log.received == [1])
  #expect(link.log.closed == ["a message that no honest peer sends: message kind 99"])
  #expect(!link.channel.isOpen)
}

@Test func aMessageLargerThanAllowedClosesTheChannel() throws {
  let link = try Link(makeLoop())
  try #require(Datagram.send([UInt8](repeating: 1, count: MessageCoding.maximumSize + 1), [], link.peer) == 0)
  link.loop.run()
  #expect(link.log.closed == ["a message larger than allowed"])
}

@Test func theEndOfThePeerClosesTheChannelAfterWhatItHadSent() throws {
  let link = try Link(makeLoop())
  try #require(link.peerSends(.acknowledge(1)) == 0)
  link.peer.close()
  link.loop.run()
  #expect(link.log.received == [1])
  #expect(link.log.closed == ["the peer ended it"])
}

@Test func anEmptyDatagramEndsTheChannelAndItsDescriptorsAreClosed() throws {
  let link = try Link(makeLoop())
  let (reader, writer) = try Descriptor.pipe()
  try reader.setNonBlocking()
  try #require(Datagram.send([], [writer, writer], link.peer) == 0)
  writer.close()
  link.loop.run()
  #expect(link.log.closed == ["the peer ended it"])
  var byte: UInt8 = 0
  #expect(try withUnsafeMutableBytes(of: &byte) { try reader.read(into: $0) } == .end)
}

@Test func closingIsSilentAndEndsThePeer() throws {
  let link = try Link(makeLoop())
  link.channel.close()
  link.channel.close()
  #expect(link.log.closed.isEmpty)
  guard case .ended = Datagram.receive(link.peer) else {
    Issue.record("the peer does not see the end")
    return
  }
}

@Test func aHandlerMayCloseItsOwnChannel() throws {
  let link = try Link(makeLoop())
  for number: UInt64 in 0..<3 { try #require(link.peerSends(.acknowledge(number)) == 0) }
  link.log.onMessage = {
    link.channel.close()
    link.loop.stopSoon()
  }
  link.loop.run()
  #expect(link.log.received == [0])
  #expect(link.log.closed.isEmpty)
}

@Test func aHandlerMayDropItsOwnChannel() throws {
  let loop = try makeLoop()
  let (ours, theirs) = try UnixSocket.pair()
  var received = 0
  var channel: Channel<NetToVMM, VMMToNet>?
  channel = Channel(
    ours, loop: loop,
    onMessage: { _ in
      received += 1
      channel = nil
      loop.stopSoon()
    }, onClose: { Issue.record("closed: \($0)") })
  for number: UInt64 in 0..<3 {
    try #require(Datagram.send(MessageCoding.encode(NetToVMM.acknowledge(number)), [], theirs) == 0)
  }
  loop.run()
  #expect(channel == nil)
  // It was still at work when it was dropped; the rest of its batch it may take or leave.
  #expect((1...3).contains(received))
}

@Test func aDroppedChannelLeavesNothingWatchedUnderItsNumber() throws {
  let loop = try makeLoop()
  let number: Int32
  do {
    let (ours, _) = try UnixSocket.pair()
    number = ours.raw
    let channel = Channel<NetToVMM, VMMToNet>(ours, loop: loop, onMessage: { _ in }, onClose: { _ in })
    #expect(channel.isOpen)
  }
  let (reader, writer) = try Descriptor.pipe()
  let again = reader.raw == number ? reader : Descriptor(fcntl(reader.raw, F_DUPFD_CLOEXEC, number))
  loop.onReadable(again.raw) { loop.stop() }
  writer.close()
  loop.run()
  loop.forget(again.raw)
}

@Test func aPausedChannelTakesNothingAndGoesOnWhereItWas() throws {
  let link = try Link(makeLoop())
  for number: UInt64 in 0..<10 { try #require(link.peerSends(.acknowledge(number)) == 0) }
  link.log.onMessage = {
    if link.log.received.count == 4 {
      link.channel.isPaused = true
      link.loop.stopSoon()
    }
    if link.log.received.count == 10 { link.loop.stop() }
  }
  link.loop.run()
  #expect(link.log.received == [0, 1, 2, 3])
  link.channel.drain()
  #expect(link.log.received.count == 4)
}

@Test func aPausedChannelResumes() throws {
  let link = try Link(makeLoop())
  link.channel.isPaused = true
  try #require(link.peerSends(.acknowledge(7)) == 0)
  link.log.onMessage = { link.loop.stop() }
  link.loop.schedule(at: .now) { link.channel.isPaused = false }
  link.loop.run()
  #expect(link.log.received == [7])
  link.channel.close()
}

@Test func drainingTakesAllThatHasArrivedWithoutTheLoop() throws {
  let link = try Link(makeLoop())
  for number: UInt64 in 0..<100 { try #require(link.peerSends(.acknowledge(number)) == 0) }
  link.channel.drain()
  #expect(link.log.received == Array(0..<100))
  link.peer.close()
  link.channel.drain()
  #expect(link.log.closed == ["the peer ended it"])
}

@Test func sendingToAPeerThatEndedLosesNothingThatItHadSent() throws {
  let link = try Link(makeLoop())
  for number: UInt64 in 0..<100 { try #require(link.peerSends(.acknowledge(number)) == 0) }
  link.peer.close()
  #expect(!link.channel.send(.completed(1)))
  #expect(!link.channel.send(.completed(2)))
  #expect(link.log.closed.isEmpty)
  link.loop.run()
  #expect(link.log.received == Array(0..<100))
  #expect(link.log.closed == ["the peer ended it"])
}

@Test func whatWaitsForAPeerThatEndsIsDroppedAndWhatItHadSentIsNot() throws {
  let link = try Link(makeLoop())
  try #require(link.peerSends(.acknowledge(1)) == 0)
  // More than the kernel keeps.
  for number: UInt64 in 0..<2000 { try #require(link.channel.send(.completed(number))) }
  link.peer.close()
  link.loop.run()
  #expect(link.log.received == [1])
  #expect(link.log.closed == ["the peer ended it"])
}

@Test func aFloodLeavesRoomForOtherWork() throws {
  let link = try Link(makeLoop())
  for number: UInt64 in 0..<150 { try #require(link.peerSends(.acknowledge(number)) == 0) }
  var seenByTimer: Int?
  link.loop.schedule(at: .now) { seenByTimer = link.log.received.count }
  link.log.onMessage = { if link.log.received.count == 150 { link.loop.stop() } }
  link.loop.run()
  #expect(try #require(seenByTimer) < 150)
  link.channel.close()
}

@Test func aPeerThatEndedWithUnreadMessagesLosesNoneThatItHadSent() throws {
  let (ours, theirs) = try UnixSocket.pair()
  try #require(Datagram.send(MessageCoding.encode(NetToVMM.acknowledge(1)), [], ours) == 0)
  try #require(Datagram.send(MessageCoding.encode(VMMToNet.completed(7)), [], theirs) == 0)
  theirs.close()
  guard case .message(let bytes, let descriptors) = Datagram.receive(ours),
    case .completed(7) = try MessageCoding.decode(VMMToNet.self, bytes, descriptors)
  else {
    Issue.record("the message is lost")
    return
  }
  guard case .ended = Datagram.receive(ours) else {
    Issue.record("the end is not seen")
    return
  }
}

/// The kernel's bound on descriptors that are on their way is one for all processes of a user.
@Test func descriptorsThatTheKernelDoesNotTakeYetWaitUntilItDoes() async {
  await #expect(processExitsWith: .success) {
    let null = try Descriptor.open("/dev/null", O_RDONLY)
    // Nobody else's, and none that may go beyond the limit.
    let user: uid_t = 61_997
    if geteuid() == 0 { #expect(setgid(user) == 0 && setuid(user) == 0) }
    var limit = rlimit(rlim_cur: 64, rlim_max: 64)
    #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    let loop = try makeLoop()
    let link = try Link(loop)
    let (unread, other) = try UnixSocket.pair()
    let message = VMMToNet.statsChannel(null)
    var code: Int32 = 0
    while code == 0 { code = Datagram.send(MessageCoding.encode(message), message.descriptors, unread) }
    #expect(code == ETOOMANYREFS)
    for _ in 0..<100 { #expect(link.channel.send(message)) }
    // What was on the way is read, and then those of the channel as they come.
    while case .message = Datagram.receive(other) {}
    var received = 0
    loop.onReadable(link.peer.raw) {
      while case .message(_, let descriptors) = Datagram.receive(link.peer) { received += descriptors.count }
      if received == 100 { loop.stop() }
    }
    loop.run()
    #expect(received == 100)
    #expect(link.log.closed == [])
  }
}
