import AsyncLoop
import Channel
import Glibc
import Glog
import Instances
import Linux
import Loop
import Settings

/// launcher-vmm's end of every channel: lets launcher-net and launcher-stats in at the rendezvous, gives each its
/// end, and makes the channel between the two.
@LoopActor final class Peers {
  /// Visitors that have not said who they are yet; more have to wait.
  private static let maximumVisitors = 8
  /// Seconds a visitor may take to say it.
  private static let helloDeadline = 5.0
  /// Seconds before the next attempt to let someone in, where one failed (no descriptor was free).
  private static let acceptDelay = 1.0
  /// Seconds between channels that launcher-net asks for: less than it waits before it asks.
  private static let introductionInterval = 1.0

  /// The users that the two processes run as.
  struct Users {
    var net: uid_t
    var stats: uid_t

    init(_ options: Settings) {
      let own = options.user?.uid ?? getuid()
      net = options.netUID ?? own
      stats = options.statsUID ?? own
    }
  }

  private let listener: Descriptor
  private let users: Users
  private var visitors = 0
  /// launcher-net was given what it asked for a moment ago.
  private var hasIntroduced = false
  private var net: Channel<NetToVMM, VMMToNet>?
  private var stats: Channel<StatsToVMM, VMMToStats>?

  var onNetChannel: (() -> Void)?
  var onStatsChannel: (() -> Void)?
  /// An error it throws closes the channel: no honest launcher-net sends what causes it.
  var onNetMessage: ((NetToVMM) throws -> Void)?

  init(listener: Descriptor, users: Users) {
    self.listener = listener
    self.users = users
  }

  /// Begins to let the other processes in.
  func open() {
    LoopActor.loop.onReadable(listener.raw) { [unowned self] in accept() }
  }

  func sendToNet(_ message: VMMToNet) { net?.send(message) }
  func sendToStats(_ message: VMMToStats) { stats?.send(message) }

  private func accept() {
    do {
      while visitors < Self.maximumVisitors, let visitor = try UnixSocket.accept(listener) { receive(visitor) }
    } catch {
      log.error("rendezvous: \(error)")
      // The visitor still waits, and nothing has changed that would let him in: not in a busy loop.
      LoopActor.loop.onReadable(listener.raw, nil)
      LoopActor.loop.schedule(at: .after(seconds: Self.acceptDelay)) { [unowned self] in open() }
      return
    }
    if visitors >= Self.maximumVisitors { LoopActor.loop.onReadable(listener.raw, nil) }
  }

  private func receive(_ visitor: Descriptor) {
    visitors += 1
    let done = { [unowned self] in
      LoopActor.loop.forget(visitor.raw)
      visitor.close()
      if visitors == Self.maximumVisitors { open() }
      visitors -= 1
    }
    let timer = LoopActor.loop.schedule(at: .after(seconds: Self.helloDeadline)) {
      log.warning("rendezvous: a visitor did not say who it is")
      done()
    }
    LoopActor.loop.onReadable(visitor.raw) { [unowned self] in
      let received = Datagram.receive(visitor)
      if case .none = received { return }
      LoopActor.loop.cancel(timer)
      do {
        try admit(visitor, received)
      } catch {
        log.warning("rendezvous: \(error)")
      }
      done()
    }
  }

  private struct Refused: Error, CustomStringConvertible {
    let description: String
  }

  private func admit(_ visitor: Descriptor, _ received: Datagram.Received) throws {
    guard case .message(let bytes, let descriptors) = received else { return }
    let role = try MessageCoding.decode(RendezvousHello.self, bytes, descriptors).role
    let peer = try UnixSocket.peer(of: visitor)
    let expected = role == .net ? users.net : users.stats
    guard peer.uid == expected else {
      throw Refused(
        description:
          "process \(peer.pid) of user \(peer.uid) claims to be \(role.programName), which runs as user \(expected)")
    }
    let (ours, theirs) = try UnixSocket.pair()
    let welcome = RendezvousWelcome(channel: theirs, spare: try UnixSocket.make(.packets))
    let code = Datagram.send(MessageCoding.encode(welcome), welcome.descriptors, visitor)
    guard code == 0 else { throw SystemError("send", "to \(role.programName)", code: code) }
    switch role {
    case .net: useNet(ours)
    case .stats: useStats(ours)
    }
    log.info("\(role.programName) connected (process \(peer.pid), user \(peer.uid))")
    introduce()
  }

  private func useNet(_ socket: Descriptor) {
    net?.close()
    net = Channel(
      socket, loop: LoopActor.loop,
      onMessage: { [unowned self] message in
        do {
          try onNetMessage?(message)
        } catch {
          log.error("launcher-net: a message that no honest one sends: \(error); closing the channel")
          net?.close()
          net = nil
        }
      },
      onClose: { [unowned self] reason in
        log.warning("launcher-net's channel closed: \(reason)")
        net = nil
      })
    onNetChannel?()
  }

  private func useStats(_ socket: Descriptor) {
    stats?.close()
    stats = Channel(
      socket, loop: LoopActor.loop, onMessage: { _ in },
      onClose: { [unowned self] reason in
        log.warning("launcher-stats's channel closed: \(reason)")
        stats = nil
      })
    onStatsChannel?()
  }

  /// Makes that channel anew because launcher-net asks for it: seldom, so that one that asks without end holds neither
  /// descriptors nor launcher-stats's time. An honest one asks again while it has none.
  func introduceAgain() {
    guard !hasIntroduced else { return }
    hasIntroduced = true
    LoopActor.loop.schedule(at: .after(seconds: Self.introductionInterval)) { [unowned self] in hasIntroduced = false }
    introduce()
  }

  /// Gives each of the two an end of a new channel between them, if both are there.
  private func introduce() {
    guard net != nil, stats != nil else { return }
    do {
      let (netEnd, statsEnd) = try UnixSocket.pair()
      sendToNet(.statsChannel(netEnd))
      sendToStats(.netChannel(statsEnd))
    } catch {
      log.error("channel between launcher-net and launcher-stats: \(error)")
    }
  }
}
