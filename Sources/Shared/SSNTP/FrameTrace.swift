/// The way of a frame through the cluster. A label may come without a path.
public struct FrameTrace: Equatable, Sendable {
  /// Most nodes in a path: `PathLength` is one byte.
  static let maximumPath = 255

  /// Free bytes, not necessarily text.
  public var label: [UInt8]
  public var start: GobTime?
  public var end: GobTime?
  public var path: [TraceNode]

  public init(label: [UInt8] = [], start: GobTime? = nil, end: GobTime? = nil, path: [TraceNode] = []) {
    self.label = label
    self.start = start
    self.end = end
    self.path = path
  }
}

/// One stop of a traced frame.
public struct TraceNode: Equatable, Sendable {
  public var uuid: NodeUUID
  public var role: Role
  /// When the node sent the frame on.
  public var sent: GobTime?
  /// When the node received the frame.
  public var received: GobTime?

  public init(uuid: NodeUUID = .zero, role: Role = [], sent: GobTime? = nil, received: GobTime? = nil) {
    self.uuid = uuid
    self.role = role
    self.sent = sent
    self.received = received
  }
}

extension Frame {
  /// Makes this a traced frame, whose way begins at a node now.
  public mutating func beginTrace(at node: NodeUUID, _ role: Role, _ now: GobTime) {
    major |= Self.tracedBit
    trace = FrameTrace(start: now, path: [TraceNode(uuid: node, role: role, sent: now)])
  }

  /// Adds a node that has received it now; nothing for a frame that is not traced.
  public mutating func stampReception(by node: NodeUUID, _ role: Role, _ now: GobTime) {
    guard isTraced else { return }
    trace?.path.append(TraceNode(uuid: node, role: role, received: now))
  }
}
