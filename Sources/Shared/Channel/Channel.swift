import CShims
import Glibc
import Linux
import Loop

/// One end of a SOCK_SEQPACKET pair with messages both ways.
///
/// What cannot be sent at once waits in order, within `queueLimit`; a peer that makes more wait is given up. A
/// message that cannot be decoded closes the channel: no honest peer sends it.
public final class Channel<Incoming: Message, Outgoing: Message> {
  /// Messages that may wait for a peer that does not read: 30 s of a busy node's reports and more.
  public static var queueLimit: Int { 8192 }
  /// Messages taken before other work gets its turn.
  private static var batch: Int { 32 }
  /// Seconds until a message is tried again whose descriptors the kernel did not take: nothing tells when it would.
  private static var crowdedDelay: Double { 0.01 }

  private let socket: Descriptor
  private let loop: EventLoop
  /// Messages that wait, the oldest at `queueStart`.
  private var queue: [Outgoing] = []
  private var queueStart = 0
  /// Nobody takes messages any more. What the peer had sent before its end is still to be taken, and its end comes
  /// behind that.
  private var hasPeerEnded = false
  /// The kernel took no more descriptors: it bounds those on the way from all processes of a user, by the sender's
  /// limit of open files (man 7 unix, ETOOMANYREFS).
  private var isCrowded = false
  private let onMessage: (Incoming) -> Void
  private let onClose: (String) -> Void

  /// Whether messages are taken; what is not taken waits in the kernel and holds the sender back.
  public var isPaused = false {
    didSet { if isPaused != oldValue, isOpen { watch() } }
  }

  public var isOpen: Bool { socket.raw >= 0 }

  /// `onClose` is called once, with the reason, when the peer ends the channel or breaks its rules; not by `close`.
  public init(
    _ socket: Descriptor, loop: EventLoop, onMessage: @escaping (Incoming) -> Void,
    onClose: @escaping (String) -> Void
  ) {
    self.socket = socket
    self.loop = loop
    self.onMessage = onMessage
    self.onClose = onClose
    watch()
  }

  private func watch() {
    loop.onReadable(socket.raw, isPaused ? nil : { [weak self] in _ = self?.receive(limit: Self.batch) })
  }

  deinit { close() }

  public func close() {
    guard isOpen else { return }
    loop.forget(socket.raw)
    socket.close()
    queue = []
    queueStart = 0
  }

  private func fail(_ reason: String) {
    guard isOpen else { return }
    close()
    onClose(reason)
  }

  /// Takes what has arrived by now; called where an order between two channels matters.
  public func drain() {
    while isOpen, receive(limit: Self.batch) {}
  }

  /// True when `limit` messages were there and more may be.
  private func receive(limit: Int) -> Bool {
    for _ in 0..<limit {
      guard isOpen, !isPaused else { return false }
      switch Datagram.receive(socket) {
      case .none: return false
      case .ended:
        fail("the peer ended it")
        return false
      case .failed(let code):
        fail(code == EMSGSIZE ? "a message larger than allowed" : "receive: \(SystemError.text(code))")
        return false
      case .message(let bytes, let descriptors):
        let message: Incoming
        do {
          message = try MessageCoding.decode(Incoming.self, bytes, descriptors)
        } catch {
          fail("a message that no honest peer sends: \(error)")
          return false
        }
        onMessage(message)
      }
    }
    return true
  }

  /// False when the channel is closed, closes because of this message, or is about to because the peer has ended.
  @discardableResult
  public func send(_ message: Outgoing) -> Bool {
    guard isOpen, !hasPeerEnded else { return false }
    if queue.isEmpty, transmit(message) { return true }
    guard isOpen, !hasPeerEnded else { return false }
    guard queue.count - queueStart < Self.queueLimit else {
      fail("\(Self.queueLimit) messages wait for the peer")
      return false
    }
    queue.append(message)
    if queue.count - queueStart == 1 { flushLater() }
    return true
  }

  private func flushLater() {
    if isCrowded {
      loop.onWritable(socket.raw, nil)
      loop.schedule(at: .after(seconds: Self.crowdedDelay)) { [weak self] in self?.flush() }
    } else {
      loop.onWritable(socket.raw) { [weak self] in self?.flush() }
    }
  }

  private func flush() {
    while queueStart < queue.count {
      guard transmit(queue[queueStart]) else {
        if hasPeerEnded { break }
        dropSent()
        if isOpen { flushLater() }
        return
      }
      queueStart += 1
    }
    guard isOpen else { return }
    queue.removeAll(keepingCapacity: true)
    queueStart = 0
    loop.onWritable(socket.raw, nil)
  }

  /// A queue that never runs empty must not keep what was sent, nor the descriptors in it.
  private func dropSent() {
    queue.removeFirst(queueStart)
    queueStart = 0
  }

  /// False when it has to wait or the channel is gone.
  private func transmit(_ message: Outgoing) -> Bool {
    let code = Datagram.send(MessageCoding.encode(message), message.descriptors, socket)
    isCrowded = code == ETOOMANYREFS
    switch code {
    case 0: return true
    case EAGAIN, ETOOMANYREFS: return false
    case EPIPE, ECONNRESET:
      hasPeerEnded = true
      return false
    default:
      fail("send: \(SystemError.text(code))")
      return false
    }
  }
}

/// Datagrams with descriptors beside them.
public enum Datagram {
  public enum Received {
    case message([UInt8], [Descriptor])
    case none
    case ended
    case failed(Int32)
  }

  public static func receive(_ socket: Descriptor) -> Received {
    let received = receiveOnce(socket)
    // A peer that ended without having read everything leaves this error before what it had sent.
    if case .failed(ECONNRESET) = received { return receiveOnce(socket) }
    return received
  }

  private static func receiveOnce(_ socket: Descriptor) -> Received {
    var fds = [Int32](repeating: -1, count: Int(SH_MAX_FDS))
    var count = Int32(fds.count)
    var result = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: MessageCoding.maximumSize) { buffer, filled in
      result = sh_recv_fds(socket.raw, buffer.baseAddress, buffer.count, &fds, &count, nil)
      filled = max(0, result)
    }
    if result < 0 { return Int32(-result) == EAGAIN ? .none : .failed(Int32(-result)) }
    // Owned from here on: also an empty datagram, which counts as the end, may have brought some.
    let descriptors = fds.prefix(Int(count)).map { Descriptor($0) }
    return result == 0 ? .ended : .message(bytes, descriptors)
  }

  /// 0 or the errno.
  public static func send(_ bytes: [UInt8], _ descriptors: [Descriptor], _ socket: Descriptor) -> Int32 {
    let fds = descriptors.map(\.raw)
    let result = sh_send_fds(socket.raw, bytes, bytes.count, fds, Int32(fds.count))
    return result < 0 ? Int32(-result) : 0
  }
}
