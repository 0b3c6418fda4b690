/// A traced frame as a report tells it.
public struct TracedFrame: Equatable, Sendable {
  public struct Node: Equatable, Sendable {
    public var uuid: String
    public var role: String
    /// Times as RFC 3339 has them; empty where there is none.
    public var sent: String
    public var received: String

    public init(uuid: String, role: String, sent: String, received: String) {
      self.uuid = uuid
      self.role = role
      self.sent = sent
      self.received = received
    }
  }

  public var label: String
  /// The names of type and operand.
  public var type: String
  public var operand: String
  public var start: String
  public var end: String
  public var nodes: [Node]

  public init(label: String, type: String, operand: String, start: String, end: String, nodes: [Node]) {
    self.label = label
    self.type = type
    self.operand = operand
    self.start = start
    self.end = end
    self.nodes = nodes
  }
}

/// The payload of the event TraceReport.
public func traceReportPayload(_ frames: [TracedFrame]) -> [UInt8] {
  YAMLWriter.document { writer in
    writer.list("frames", of: frames) { frame in
      writer.pair("label", frame.label)
      writer.pair("type", frame.type)
      writer.pair("operand", frame.operand)
      writer.pair("start_timestamp", frame.start)
      writer.pair("end_timestamp", frame.end)
      writer.list("nodes", of: frame.nodes) { node in
        writer.pair("ssntp_node_uuid", node.uuid)
        writer.pair("ssntp_role", node.role)
        writer.pair("tx_timestamp", node.sent)
        writer.pair("rx_timestamp", node.received)
      }
    }
  }
}
