import AsyncLoop
import Glog
import Instances
import Linux
import SSNTP
import Settings
import TLS

/// The SSNTP client: one connection to a scheduler after the other, for ever.
@LoopActor final class Session {
  /// Seconds for the steps to a connection.
  struct Deadlines {
    /// TCP, for each address of a server.
    var connect = 10.0
    /// TLS.
    var handshake = 15.0
    /// The answer to CONNECT.
    var connected = 30.0
    /// A frame, once it has begun: the largest comes at 140 KB/s.
    var frame = 120.0
    /// What is sent, until the server takes some of it.
    var sending = 30.0
    /// Not a deadline: a connection that lasted so long from CONNECTED on was a good one.
    var good = 10.0
  }

  struct Identity {
    let uuid: NodeUUID
    let role: Role
    var dialect = SSNTPDialect.v2016
  }

  enum Failure: Error, CustomStringConvertible {
    case refused(ErrorCode?)
    case unexpected(String)
    case role(Role, CertificateRoles)

    var description: String {
      switch self {
      case .refused(.connectionAborted?):
        "the server refused this node's credentials; the role in the client certificate must be the one launcher has"
      case .refused(let code): "the server refused the connection: ERROR \(code.map { "\($0)" } ?? "unknown")"
      case .unexpected(let what): "\(what) where CONNECTED is due"
      case .role(let role, let certified):
        "the server says it has role \(CertificateRoles(rawValue: role.rawValue)), its certificate backs \(certified); a server needs a certificate for its role"
      }
    }
  }

  private let servers: [ServerAddress]
  private let context: TLSContext
  private let identity: Identity
  private let resolver: ResolverClient?
  private let deadlines: Deadlines
  private var connection: FrameConnection?
  /// When the server of this attempt sent CONNECTED.
  private var connectedAt: Moment?
  /// The host of the server that it is connected to, as it was configured.
  private(set) var host: SchedulerHost?
  /// Frames that are sent carry a trace.
  var tracesFrames = false

  /// Called with each connection that the server has accepted.
  var onConnected: ((ConnectedFrame) -> Void)?
  var onDisconnected: (() -> Void)?
  /// Called when what is sent cannot reach the server any more, while a frame may be at work in `onFrame`.
  var onLost: (() -> Void)?
  /// Called with each frame, in order; the next one is not read before it returns.
  var onFrame: ((Frame) async -> Void)?

  var isConnected: Bool { connection != nil }

  init(
    servers: [ServerAddress], context: TLSContext, identity: Identity, resolver: ResolverClient?,
    deadlines: Deadlines = Deadlines()
  ) {
    self.servers = servers
    self.context = context
    self.identity = identity
    self.resolver = resolver
    self.deadlines = deadlines
  }

  /// Connects, serves, and connects again, whatever went wrong and at whatever stage.
  func run() async {
    var backoff = Backoff()
    while true {
      for server in servers {
        connectedAt = nil
        do {
          try await serve(server)
        } catch {
          log.warning("\(server): \(error)")
        }
        if let connectedAt, connectedAt.age >= deadlines.good { backoff = Backoff() }
        await LoopActor.sleep(until: .after(seconds: backoff.delay()))
      }
    }
  }

  /// Queues a frame on the current connection, if there is one. What the scheduler's dialect lacks is done with.
  func send(_ make: (NodeUUID) -> Frame, whenSent: (() -> Void)? = nil) {
    guard let connection else { return }
    let frame = make(identity.uuid)
    guard var translated = frame.translated(to: identity.dialect) else {
      log.warning("not sent, for SSNTP has no such frame with -ssntp-dialect=\(identity.dialect.rawValue): \(frame)")
      whenSent?()
      return
    }
    if tracesFrames { translated.beginTrace(at: identity.uuid, identity.role, .now) }
    connection.send(translated, whenSent: whenSent)
  }

  private func serve(_ server: ServerAddress) async throws {
    let addresses = server.isNumeric ? [server.host] : try await resolver?.resolve(server.host) ?? []
    let socket = try await dial(addresses, server.port)
    let connection = FrameConnection(
      socket, try TLSConnection(context: context, descriptor: socket.raw, peerName: server.host),
      identity.dialect, deadlines)
    // The old connection ends before a new one begins: servers know clients by their UUID.
    defer { connection.close() }
    try await connection.handshake(until: .after(seconds: deadlines.handshake))
    let connected = try await connect(connection, server)
    connectedAt = .now
    connection.onAbort = { [unowned self] in onLost?() }
    self.connection = connection
    host = SchedulerHost(server.host)
    defer {
      self.connection = nil
      onDisconnected?()
    }
    onConnected?(connected)
    while true {
      let incoming = try await connection.next()
      guard case .frame(var frame) = incoming else { throw Failure.unexpected("\(incoming)") }
      frame.stampReception(by: identity.uuid, identity.role, .now)
      await onFrame?(frame)
    }
  }

  private func dial(_ addresses: [String], _ port: UInt16) async throws -> Descriptor {
    var failure = SystemError("connect to", "no address", code: 0)
    for address in addresses {
      do {
        return try await Dialer.connect(
          to: address, port: port, until: .after(seconds: deadlines.connect))
      } catch {
        failure = error
      }
    }
    throw failure
  }

  /// CONNECT and its answer. Nothing may be sent between the two.
  private func connect(_ connection: FrameConnection, _ server: ServerAddress) async throws -> ConnectedFrame {
    connection.send(ConnectFrame(role: identity.role, source: identity.uuid))
    switch try await connection.next(until: .after(seconds: deadlines.connected), for: "the answer to CONNECT") {
    case .connected(let connected):
      let certified = connection.peerRoles
      guard connected.role != [], certified.isSuperset(of: CertificateRoles(rawValue: connected.role.rawValue)) else {
        throw Failure.role(connected.role, certified)
      }
      log.info("connected to \(server), server \(connected.source), \(connection.negotiated)")
      return connected
    case .frame(let frame) where frame.frameType == .error: throw Failure.refused(frame.error)
    case let other: throw Failure.unexpected("\(other)")
    }
  }
}
