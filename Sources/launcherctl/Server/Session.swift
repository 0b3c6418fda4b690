import Gob
import Linux
import Loop
import SSNTP
import TLS

/// One SSNTP connection: TLS, CONNECT, then frames until its end.
final class Session: SecureStreamOwner {
  private enum Phase {
    case handshake
    case connect
    case member(Node)
    case refused
  }

  private let stream: SecureStream
  private let cluster: Cluster
  private let loop: EventLoop
  private let deadlineSeconds: Double
  private let onEnd: (Session) -> Void
  private var phase = Phase.handshake
  private var reader: FrameReader
  private var writer = FrameWriter()
  private var deadline: EventLoop.Timer?

  /// - Parameter deadline: seconds for the handshake, and again for CONNECT.
  init(
    _ socket: Descriptor, context: TLSContext, cluster: Cluster, loop: EventLoop, deadline: Double,
    onEnd: @escaping (Session) -> Void
  ) throws(TLSError) {
    reader = FrameReader(at: .server, cluster.dialect, limits: ServerLimits.gob)
    self.cluster = cluster
    self.loop = loop
    self.onEnd = onEnd
    deadlineSeconds = deadline
    stream = try SecureStream(socket, context: context, loop: loop)
    stream.owner = self
    startDeadline("TLS handshake")
  }

  /// The subject of the client's certificate.
  var certificate: String { stream.peerSubject }

  /// Sends a frame; false where the clients' dialect has no such one.
  @discardableResult
  func send(_ frame: Frame) -> Bool {
    guard let translated = frame.translated(to: cluster.dialect) else { return false }
    stream.send(writer.encode(frame: translated))
    return true
  }

  func end(_ reason: String) { stream.end(reason) }

  private func startDeadline(_ what: String) {
    stopDeadline()
    deadline = loop.schedule(at: .after(seconds: deadlineSeconds)) { [weak self] in
      guard let self else { return }
      stream.end("\(what) not done after \(deadlineSeconds) s")
    }
  }

  private func stopDeadline() {
    if let deadline { loop.cancel(deadline) }
    deadline = nil
  }

  // MARK: The stream's word

  func streamEstablished() {
    phase = .connect
    startDeadline("CONNECT")
  }

  func streamReceived(_ bytes: [UInt8]) {
    reader.feed(bytes)
    do throws(SSNTPError) {
      while let incoming = try reader.next() {
        switch (incoming, phase) {
        case (.connect(let connect), .connect): answer(connect)
        case (.frame(let frame), .member(let node)): handle(frame, from: node)
        // Nothing is taken from a client that was refused; its connection ends when it has read why.
        default: return
        }
      }
    } catch {
      stream.end("\(error)")
    }
  }

  func streamEnded(_ reason: String) {
    stopDeadline()
    // Node and session hold each other.
    defer { phase = .refused }
    switch phase {
    case .member(let node): cluster.left(node, reason: reason)
    case .handshake, .connect, .refused: cluster.turnedAway(certificate: certificate, reason: reason)
    }
    onEnd(self)
  }

  // MARK: SSNTP

  private func answer(_ connect: ConnectFrame) {
    if let problem = problem(of: connect) {
      // The deadline stays: a client that does not read cannot stay either.
      phase = .refused
      send(.error(.connectionAborted, origin: cluster.uuid))
      stream.finish("CONNECT refused: \(problem)")
      return
    }
    stopDeadline()
    stream.send(
      writer.encode(
        connected: ConnectedFrame(role: cluster.role, source: cluster.uuid, destination: connect.source)))
    phase = .member(cluster.join(self, connect))
  }

  private func problem(of connect: ConnectFrame) -> String? {
    if connect.source == .zero { return "the client has no UUID" }
    let advertised = CertificateRoles(rawValue: connect.role.rawValue)
    let backed = stream.peerRoles
    if advertised.isEmpty || !backed.isSuperset(of: advertised) {
      return "the client's certificate backs \(backed), but the client says that it is \(advertised) "
        + "(0x\(String(connect.role.rawValue, radix: 16)))"
    }
    return nil
  }

  private func handle(_ frame: Frame, from node: Node) {
    if frame.frameType == nil {
      send(.error(.invalidFrameType, origin: cluster.uuid))
    } else {
      cluster.received(frame, from: node)
    }
  }
}
