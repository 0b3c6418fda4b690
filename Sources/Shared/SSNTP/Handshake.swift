/// The first value of a session, from the client: COMMAND CONNECT.
public struct ConnectFrame: Equatable, Sendable {
  public var major: UInt8
  public var minor: UInt8
  public var role: Role
  /// The client. Zero when the peer did not send it.
  public var source: NodeUUID
  /// Zero: a client does not know the server's UUID yet.
  public var destination: NodeUUID

  public init(
    major: UInt8 = ProtocolVersion.major, minor: UInt8 = ProtocolVersion.minor, role: Role, source: NodeUUID,
    destination: NodeUUID = .zero
  ) {
    self.major = major
    self.minor = minor
    self.role = role
    self.source = source
    self.destination = destination
  }
}

/// The server's answer to a CONNECT that it accepts: STATUS CONNECTED.
public struct ConnectedFrame: Equatable, Sendable {
  public var major: UInt8
  public var minor: UInt8
  public var role: Role
  /// The server. Zero when the peer did not send it.
  public var source: NodeUUID
  /// The client.
  public var destination: NodeUUID
  /// The cluster's configuration, YAML text; may be empty.
  public var payload: [UInt8]

  public init(
    major: UInt8 = ProtocolVersion.major, minor: UInt8 = ProtocolVersion.minor, role: Role, source: NodeUUID,
    destination: NodeUUID, payload: [UInt8] = []
  ) {
    self.major = major
    self.minor = minor
    self.role = role
    self.source = source
    self.destination = destination
    self.payload = payload
  }
}

/// For logs: never the payload.
extension ConnectedFrame: CustomStringConvertible {
  public var description: String { "STATUS CONNECTED from \(source), \(payload.count) bytes of payload" }
}
