import Glibc
import Linux
import Loop
import TestSupport
import Testing

@testable import Channel

/// A scripted launcher-vmm at a rendezvous socket, and a visitor of it.
private final class Meeting {
  let folder: TemporaryFolder
  let loop: EventLoop
  var path: String { "\(folder.path)/rendezvous" }
  var troubles: [String] = []
  var channels: [Descriptor] = []
  var exhausted = 0
  var visitors: [Descriptor] = []
  var onChannel: (() -> Void)?
  private var visitor: RendezvousVisitor!
  private var listener: Descriptor?

  init() throws {
    folder = try TemporaryFolder()
    loop = try makeLoop()
    visitor = RendezvousVisitor(
      role: .stats, path: "\(folder.path)/rendezvous", sockets: try .init(), loop: loop,
      onChannel: { [unowned self] in
        channels.append($0)
        onChannel?()
      }, onTrouble: { [unowned self] in troubles.append($0) },
      onExhausted: { [unowned self] in
        exhausted += 1
        loop.stop()
      })
  }

  func visit() { visitor.visit() }

  /// Begins to listen and calls `answer` with each visitor that has said who it is.
  func listen(_ answer: @escaping (Descriptor) -> Void) throws {
    let listener = try UnixSocket.make(.packets)
    try UnixSocket.listen(listener, at: path, backlog: 4)
    self.listener = listener
    loop.onReadable(listener.raw) { [unowned self] in
      guard let visitor = try? UnixSocket.accept(listener) else { return }
      visitors.append(visitor)
      loop.onReadable(visitor.raw) { [unowned self] in
        loop.forget(visitor.raw)
        guard case .message(let bytes, let descriptors) = Datagram.receive(visitor),
          let hello = try? MessageCoding.decode(RendezvousHello.self, bytes, descriptors), hello.role == .stats
        else {
          Issue.record("no hello")
          return loop.stop()
        }
        answer(visitor)
      }
    }
  }

  func welcome(_ visitor: Descriptor) {
    guard let (_, theirs) = try? UnixSocket.pair(), let spare = try? UnixSocket.make(.packets) else { return }
    let welcome = RendezvousWelcome(channel: theirs, spare: spare)
    #expect(Datagram.send(MessageCoding.encode(welcome), welcome.descriptors, visitor) == 0)
    visitor.close()
  }

  func end() {
    if let listener { loop.forget(listener.raw) }
  }
}

@Test func aVisitorSaysWhoItIsAndIsHandedAChannel() throws {
  let meeting = try Meeting()
  try meeting.listen { meeting.welcome($0) }
  meeting.onChannel = { meeting.loop.stop() }
  meeting.visit()
  meeting.loop.run()
  #expect(meeting.channels.count == 1)
  #expect(fcntl(meeting.channels[0].raw, F_GETFL) & O_NONBLOCK != 0)
  #expect(meeting.troubles.isEmpty)
  meeting.end()
}

@Test func aVisitorWaitsForARendezvousThatIsNotThereYet() throws {
  let meeting = try Meeting()
  meeting.onChannel = { meeting.loop.stop() }
  meeting.visit()
  #expect(meeting.troubles.count == 1)
  try meeting.listen { meeting.welcome($0) }
  meeting.loop.run()
  #expect(meeting.channels.count == 1)
  #expect(meeting.troubles == ["connect \(meeting.path): No such file or directory"])
  meeting.end()
}

@Test func failedConnectionsCostNoSocket() throws {
  let meeting = try Meeting()
  for _ in 0..<20 { meeting.visit() }
  #expect(meeting.troubles.count == 20)
  #expect(meeting.exhausted == 0)
}

@Test func aVisitorThatIsRefusedSaysSoAndComesAgain() throws {
  let meeting = try Meeting()
  var visits = 0
  try meeting.listen { visitor in
    visits += 1
    if visits == 1 { visitor.close() } else { meeting.welcome(visitor) }
  }
  meeting.onChannel = { meeting.loop.stop() }
  meeting.visit()
  meeting.loop.run()
  #expect(visits == 2)
  #expect(meeting.troubles == ["\(meeting.path): launcher-vmm refused or ended; its log says why"])
  meeting.end()
}

@Test func anAnswerThatIsNotUnderstoodIsNoChannel() throws {
  let meeting = try Meeting()
  var visits = 0
  try meeting.listen { visitor in
    visits += 1
    if visits > 1 { return meeting.welcome(visitor) }
    _ = Datagram.send([9, 9], [], visitor)
  }
  meeting.onChannel = { meeting.loop.stop() }
  meeting.visit()
  meeting.loop.run()
  #expect(meeting.channels.count == 1)
  #expect(meeting.troubles.count == 1 && meeting.troubles[0].contains("not understood"))
  meeting.end()
}

@Test func theSpareSocketOfEachAnswerServesTheNextVisit() throws {
  let meeting = try Meeting()
  try meeting.listen { meeting.welcome($0) }
  var count = 0
  // More visits than sockets were made before the confinement.
  meeting.onChannel = {
    count += 1
    if count == 20 { meeting.loop.stop() } else { meeting.visitWithoutHaste() }
  }
  meeting.visit()
  meeting.loop.run()
  #expect(meeting.channels.count == 20)
  #expect(meeting.exhausted == 0)
  meeting.end()
}

extension Meeting {
  /// A visit after a channel that was a good one.
  fileprivate func visitWithoutHaste() {
    visitor.lastChannel = nil
    loop.schedule(at: .now) { [self] in visit() }
  }
}

@Test func channelsThatEndAtOnceAreNotVisitedForInHaste() throws {
  let meeting = try Meeting()
  try meeting.listen { meeting.welcome($0) }
  var last = Moment.now
  var gaps: [Int64] = []
  meeting.onChannel = {
    gaps.append(Moment.now.nanoseconds - last.nanoseconds)
    last = .now
    if meeting.channels.count == 4 { meeting.loop.stop() } else { meeting.visit() }
  }
  meeting.visit()
  meeting.loop.run()
  // 50, 100, 200 ms.
  #expect(gaps.dropFirst().map { $0 / 1_000_000 >= 50 } == [true, true, true])
  #expect(gaps[3] >= 200_000_000)
  meeting.end()
}

@Test func aVisitorWhoseSocketsAreUsedUpSaysSo() throws {
  let meeting = try Meeting()
  var visits = 0
  try meeting.listen { visitor in
    visits += 1
    visitor.close()
    // The next visit comes by itself after a growing delay, which is not waited for here.
    meeting.visit()
  }
  meeting.visit()
  meeting.loop.run()
  #expect(visits == 8)
  #expect(meeting.exhausted == 1)
  meeting.end()
}
