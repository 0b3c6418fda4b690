import AsyncLoop
import Glibc
import Instances
import Linux
import Loop
import SSNTP
import TLS

/// Frames over one TLS connection to a scheduler.
///
/// Reading is asked for, frame by frame, so that a flood waits in the peer's TCP window. Writing never blocks: what
/// the peer does not take waits, bounded in bytes and in time.
@LoopActor final class FrameConnection {
  enum Failure: Error, CustomStringConvertible {
    case closed
    case timedOut(String)
    case tooMuchToSend
    case tls(TLSError)
    case ssntp(SSNTPError)

    var description: String {
      switch self {
      case .closed: "the server closed the connection"
      case .timedOut(let what): "\(what) timed out"
      case .tooMuchToSend: "the server does not read; more than \(FrameConnection.sendLimit) bytes wait"
      case .tls(let error): "\(error)"
      case .ssntp(let error): "\(error)"
      }
    }
  }

  /// Bytes that may wait to be sent: the STATS of ten thousand instances take 2 MiB.
  nonisolated static let sendLimit = 16 * 1_048_576
  private static let readSize = 16_384
  /// Reads in a row, after which everything else gets its turn: 1 MiB.
  private static let readsInARow = 64

  private let socket: Descriptor
  private let tls: TLSConnection
  private let deadlines: Session.Deadlines
  private var reader: FrameReader
  private var writer = FrameWriter()
  private var buffer = [UInt8](repeating: 0, count: FrameConnection.readSize)
  /// What waits to be sent.
  private var output: [UInt8] = []
  /// Bytes sent and bytes queued since the connection began: an offset in the stream.
  private var sent = 0
  private var queued = 0
  /// What to do once the stream has been sent up to an offset, ascending.
  private var afterSending: [(offset: Int, action: () -> Void)] = []
  private var writeTimer: EventLoop.Timer?
  private var failure: Failure?
  /// Called once, when sending has failed.
  var onAbort: (() -> Void)?
  private var reads = 0

  var peerRoles: CertificateRoles { tls.peerRoles }
  var negotiated: String { tls.negotiated }

  init(_ socket: Descriptor, _ tls: TLSConnection, _ dialect: SSNTPDialect, _ deadlines: Session.Deadlines) {
    reader = FrameReader(at: .client, dialect)
    self.socket = socket
    self.tls = tls
    self.deadlines = deadlines
  }

  func close() {
    if let writeTimer { LoopActor.loop.cancel(writeTimer) }
    writeTimer = nil
    LoopActor.loop.forget(socket.raw)
    tls.close()
    socket.close()
    failure = failure ?? .closed
    afterSending = []
  }

  /// Ends the connection from the writing side: the reader then finds its end, and `failure` says why.
  private func abort(_ why: Failure) {
    guard failure == nil else { return }
    failure = why
    LoopActor.loop.onWritable(socket.raw, nil)
    shutdown(socket.raw, Int32(SHUT_RDWR))
    onAbort?()
  }

  func handshake(until deadline: Moment) async throws(Failure) {
    while true {
      let progress: TLSProgress
      do { progress = try tls.handshake() } catch { throw .tls(error) }
      switch progress {
      case .done: return
      case .wantsRead: try await wait(.readable, until: deadline, for: "the TLS handshake")
      case .wantsWrite: try await wait(.writable, until: deadline, for: "the TLS handshake")
      }
    }
  }

  private func wait(_ readiness: LoopActor.Readiness, until deadline: Moment?, for what: String) async throws(Failure) {
    guard await LoopActor.wait(socket.raw, readiness, until: deadline) else { throw .timedOut(what) }
  }

  /// The next frame, or until `deadline` the answer to CONNECT.
  func next(until deadline: Moment? = nil, for what: String = "the next frame") async throws(Failure) -> Incoming {
    var rest: Moment?
    while true {
      if let failure { throw failure }
      do {
        if let incoming = try reader.next() { return incoming }
      } catch {
        throw .ssntp(error)
      }
      if reader.bufferedBytes > 0, rest == nil { rest = .after(seconds: deadlines.frame) }
      reads += 1
      // A server that sends faster than it is read never lets the socket run dry.
      if reads % Self.readsInARow == 0 {
        await LoopActor.sleep(until: .now)
        if let failure { throw failure }
      }
      let result: TLSReadResult
      do { result = try tls.read(into: &buffer) } catch { throw failure ?? .tls(error) }
      switch result {
      case .bytes(let count): buffer.withUnsafeBytes { reader.feed(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      case .wantsRead:
        try await wait(.readable, until: deadline ?? rest, for: rest == nil ? what : "the rest of a frame")
      // Only a renegotiation would want to write here, and that is off.
      case .wantsWrite, .closed: throw failure ?? .closed
      }
    }
  }

  func send(_ connect: ConnectFrame) { send(writer.encode(connect: connect)) }

  /// Queues a frame; `whenSent` is called when TLS has taken the last byte of it.
  func send(_ frame: Frame, whenSent: (() -> Void)? = nil) {
    guard failure == nil else { return }
    let bytes = writer.encode(frame: frame)
    if let whenSent { afterSending.append((queued + bytes.count, whenSent)) }
    send(bytes)
  }

  private func send(_ bytes: [UInt8]) {
    guard failure == nil else { return }
    guard output.count + bytes.count <= Self.sendLimit else { return abort(.tooMuchToSend) }
    queued += bytes.count
    output += bytes
    if output.count == bytes.count { flush() }
  }

  private func flush() {
    var start = 0
    while start < output.count, failure == nil {
      let result: TLSWriteResult
      do {
        result = try tls.write(output[start...])
      } catch {
        abort(.tls(error))
        break
      }
      guard case .bytes(let count) = result else { break }
      start += count
    }
    output.removeFirst(start)
    sent += start
    if start > 0 { sentSome() }
    guard failure == nil else { return }
    if output.isEmpty {
      if let writeTimer { LoopActor.loop.cancel(writeTimer) }
      writeTimer = nil
      LoopActor.loop.onWritable(socket.raw, nil)
    } else {
      LoopActor.loop.onWritable(socket.raw) { [weak self] in self?.flush() }
      if start > 0 || writeTimer == nil { startWriteTimer() }
    }
  }

  private func sentSome() {
    let done = afterSending.prefix { $0.offset <= sent }
    afterSending.removeFirst(done.count)
    for (_, action) in done { action() }
  }

  private func startWriteTimer() {
    if let writeTimer { LoopActor.loop.cancel(writeTimer) }
    writeTimer = LoopActor.loop.schedule(at: .after(seconds: deadlines.sending)) { [weak self] in
      self?.writeTimer = nil
      self?.abort(.timedOut("sending"))
    }
  }
}
