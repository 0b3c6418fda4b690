import Linux
import Loop
import TLS

/// What a stream tells its owner. The owner may send to, finish and end the stream at any of these.
protocol SecureStreamOwner: AnyObject {
  /// The handshake is done and the peer's certificate verified.
  func streamEstablished()
  func streamReceived(_ bytes: [UInt8])
  /// Once, whoever ended it.
  func streamEnded(_ reason: String)
}

/// The server's side of one TLS connection on the event loop.
final class SecureStream {
  /// Bytes decrypted in a turn before other connections have theirs.
  private static let turnBytes = 256 << 10

  private let socket: Descriptor
  private let tls: TLSConnection
  private let loop: EventLoop
  private var output = OutputQueue()
  private var buffer = [UInt8](repeating: 0, count: 16 << 10)
  private var isEstablished = false
  private var isOpen = true
  /// A timer is set that reads on.
  private var goesOn = false
  /// Why the stream ends as soon as all is written.
  private var finishing: String?
  weak var owner: (any SecureStreamOwner)?

  init(_ socket: Descriptor, context: TLSContext, loop: EventLoop) throws(TLSError) {
    self.socket = socket
    self.loop = loop
    tls = try TLSConnection(context: context, descriptor: socket.raw)
    loop.onReadable(socket.raw) { [unowned self] in drive() }
  }

  var peerRoles: CertificateRoles { tls.peerRoles }
  var peerSubject: String { tls.peerFacts?.subject ?? "" }

  /// Queues bytes; a peer that does not read until the queue is full loses the connection.
  func send(_ bytes: [UInt8]) {
    guard isOpen, finishing == nil else { return }
    guard output.count + bytes.count <= ServerLimits.outputBytes else {
      end("more than \(ServerLimits.outputBytes) bytes wait for it: it does not read")
      return
    }
    output.append(bytes)
    watchWritable(true)
  }

  /// Ends the stream as soon as what was sent is written.
  func finish(_ reason: String) {
    guard isOpen, finishing == nil else { return }
    finishing = reason
    watchWritable(true)
  }

  /// Ends the stream now.
  func end(_ reason: String) {
    guard isOpen else { return }
    isOpen = false
    loop.forget(socket.raw)
    tls.close()
    socket.close()
    owner?.streamEnded(reason)
  }

  private func watchWritable(_ wanted: Bool) {
    loop.onWritable(socket.raw, wanted ? { [unowned self] in drive() } : nil)
  }

  /// Goes on with whatever the socket allows.
  private func drive() {
    guard isOpen else { return }
    do throws(TLSError) {
      if !isEstablished { guard try shakeHands() else { return } }
      let writeNeedsRoom = try write()
      guard isOpen else { return }
      let readNeedsRoom = try read()
      guard isOpen else { return }
      // What was queued meanwhile is written in the next turn.
      watchWritable(writeNeedsRoom || readNeedsRoom || !output.isEmpty || finishing != nil)
    } catch {
      end("\(error)")
    }
  }

  /// Whether the handshake is done.
  private func shakeHands() throws(TLSError) -> Bool {
    let progress = try tls.handshake()
    watchWritable(progress == .wantsWrite)
    guard progress == .done else { return false }
    isEstablished = true
    owner?.streamEstablished()
    return isOpen
  }

  /// Writes what waits; whether the socket has no room for all of it.
  private func write() throws(TLSError) -> Bool {
    while !output.isEmpty {
      switch try tls.write(output.waiting) {
      case .bytes(let count): output.drop(count)
      case .wantsRead: return false
      case .wantsWrite: return true
      }
    }
    if let finishing { end(finishing) }
    return false
  }

  /// Reads what is there, up to a turn's share; whether TLS itself has to write first.
  private func read() throws(TLSError) -> Bool {
    var taken = 0
    while taken < Self.turnBytes {
      switch try tls.read(into: &buffer) {
      case .bytes(let count):
        taken += count
        if finishing == nil { owner?.streamReceived(Array(buffer[..<count])) }
        guard isOpen else { return false }
      case .wantsRead: return false
      case .wantsWrite: return true
      case .closed:
        end("the client closed the connection")
        return false
      }
    }
    // What TLS has decrypted already makes the socket not readable again.
    if !goesOn {
      goesOn = true
      loop.schedule(at: .now) { [weak self] in
        self?.goesOn = false
        self?.drive()
      }
    }
    return false
  }
}
