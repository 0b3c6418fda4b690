import Glibc
import Linux
import Loop

/// The rendezvous socket of launcher-vmm.
public enum Rendezvous {}

/// launcher-net's or launcher-stats's way to launcher-vmm: visits the rendezvous socket until it is handed the end
/// of a channel, and again after each loss of it.
public final class RendezvousVisitor {
  /// Unconnected sockets, made before the confinement: one for the first visit, the rest for visits that launcher-vmm
  /// did not live to answer.
  public struct Sockets {
    private static let count = 8

    fileprivate var spares: [Descriptor] = []

    public init() throws(SystemError) {
      for _ in 0..<Self.count { spares.append(try UnixSocket.make(.packets)) }
    }
  }

  /// Seconds between visits that fail, doubled each time up to the last.
  private static let firstDelay = 0.05
  private static let longestDelay = 2.0
  /// Seconds after which a channel was a good one; one that ends sooner ends the visits' haste.
  private static let goodChannel = 5.0
  /// Seconds launcher-vmm may take for its answer: it may be starting up with many instances.
  private static let answerDeadline = 30.0

  private let role: RendezvousRole
  private let path: String
  private let loop: EventLoop
  private let onChannel: (Descriptor) -> Void
  private let onTrouble: (String) -> Void
  private let onExhausted: () -> Void
  private var sockets: Sockets
  private var delay = RendezvousVisitor.firstDelay
  /// When the last channel came, until the next visit.
  var lastChannel: Moment?

  /// `onChannel` gets the end of each new channel, `onTrouble` a sentence about a visit that failed, `onExhausted`
  /// is called when no socket is left: the process then ends, to be started anew.
  public init(
    role: RendezvousRole, path: String, sockets: Sockets, loop: EventLoop, onChannel: @escaping (Descriptor) -> Void,
    onTrouble: @escaping (String) -> Void, onExhausted: @escaping () -> Void
  ) {
    self.role = role
    self.path = path
    self.loop = loop
    self.onChannel = onChannel
    self.onTrouble = onTrouble
    self.onExhausted = onExhausted
    self.sockets = sockets
  }

  /// Connects, says who it is and waits for the answer. Called at start-up and whenever the channel has ended.
  public func visit() {
    if let last = lastChannel {
      lastChannel = nil
      if last.age < Self.goodChannel { return later() }
      delay = Self.firstDelay
    }
    guard let socket = sockets.spares.popLast() else { return onExhausted() }
    do {
      try UnixSocket.connect(socket, to: path)
    } catch {
      // A socket that did not connect can be used again.
      sockets.spares.append(socket)
      return again("\(error)")
    }
    let code = Datagram.send(MessageCoding.encode(RendezvousHello(role: role)), [], socket)
    guard code == 0 else { return again("send to \(path): \(SystemError.text(code))") }
    let timer = loop.schedule(at: .after(seconds: Self.answerDeadline)) { [self] in
      loop.forget(socket.raw)
      again("\(path): no answer from launcher-vmm within \(Int(Self.answerDeadline)) s")
    }
    loop.onReadable(socket.raw) { [self] in
      let received = Datagram.receive(socket)
      if case .none = received { return }
      loop.cancel(timer)
      loop.forget(socket.raw)
      answered(received)
    }
  }

  private func answered(_ received: Datagram.Received) {
    guard case .message(let bytes, let descriptors) = received else {
      return again("\(path): launcher-vmm refused or ended; its log says why")
    }
    do {
      let welcome = try MessageCoding.decode(RendezvousWelcome.self, bytes, descriptors)
      sockets.spares.append(welcome.spare)
      lastChannel = .now
      onChannel(welcome.channel)
    } catch {
      again("\(path): answer not understood: \(error)")
    }
  }

  private func again(_ trouble: String) {
    onTrouble(trouble)
    later()
  }

  private func later() {
    loop.schedule(at: .after(seconds: delay)) { [self] in visit() }
    delay = min(delay * 2, Self.longestDelay)
  }
}
