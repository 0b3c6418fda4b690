import Glog
import Instances
import Linux
import Loop
import SSNTP
import TLS

/// The server: takes SSNTP connections at one socket and control connections at another.
final class Server {
  /// The level of verbosity at which the journal is logged too.
  static let verbosity = 1

  let address: LoopbackAddress
  var uuid: NodeUUID { cluster.uuid }
  private let cluster: Cluster
  private let context: TLSContext
  private let loop: EventLoop
  private let deadline: Double
  private var acceptors: [Acceptor] = []
  private var sessions: [ObjectIdentifier: Session] = [:]
  private var controls: [ObjectIdentifier: ControlConnection] = [:]
  /// The journal was told that the limit on connections is reached, which it is once at a time.
  private var saidFull = false

  /// - Parameters:
  ///   - control: a listening AF_UNIX socket.
  ///   - deadline: seconds for a TLS handshake, and again for CONNECT.
  init(
    address: LoopbackAddress, context: TLSContext, control: Descriptor, loop: EventLoop,
    dialect: SSNTPDialect = .v2016, deadline: Double = ServerLimits.deadline
  ) throws(SystemError) {
    let listener = try LoopbackListener(address)
    self.address = listener.address
    self.context = context
    self.loop = loop
    self.deadline = deadline
    cluster = Cluster(role: Role(rawValue: context.identityRoles.rawValue), dialect)
    acceptors = [
      Acceptor(listener.socket, loop: loop) { [unowned self] in takeSession($0) },
      Acceptor(control, loop: loop) { [unowned self] in takeControl($0) },
    ]
    cluster.onChange = { [unowned self] in
      for control in Array(controls.values) { control.proceed() }
    }
  }

  /// Ends every connection in due form.
  func close() {
    for acceptor in acceptors { acceptor.close() }
    for session in Array(sessions.values) { session.end("the server ends") }
    for control in Array(controls.values) { control.close() }
  }

  private func takeSession(_ socket: Descriptor) {
    guard sessions.count < ServerLimits.connections else {
      if !saidFull { cluster.turnedAway(certificate: "", reason: "more than \(ServerLimits.connections) connections") }
      saidFull = true
      return
    }
    saidFull = false
    do throws(TLSError) {
      let session = try Session(socket, context: context, cluster: cluster, loop: loop, deadline: deadline) {
        [unowned self] ended in sessions[ObjectIdentifier(ended)] = nil
      }
      sessions[ObjectIdentifier(session)] = session
    } catch {
      log.warning("cannot take a connection: \(error)")
    }
  }

  private func takeControl(_ socket: Descriptor) {
    do {
      try ControlListener.checkPeer(of: socket)
      guard controls.count < ServerLimits.controlConnections else {
        throw Failure("more than \(ServerLimits.controlConnections) control connections")
      }
    } catch {
      log.warning("control connection refused: \(error)")
      return
    }
    let control = ControlConnection(socket, cluster: cluster, loop: loop) { [unowned self] ended in
      controls[ObjectIdentifier(ended)] = nil
    }
    controls[ObjectIdentifier(control)] = control
  }
}
