import Gob
import Payloads

/// What the server takes from clients: enough for a development cluster, and bounded for clients that mean harm.
enum ServerLimits {
  /// SSNTP connections at a time: a machine runs 200 simulated nodes, and some old connections may not have ended when
  /// they come back.
  static let connections = 256
  /// Control connections at a time.
  static let controlConnections = 32
  /// Bytes of a payload, in either direction. STATS takes about 250 bytes for an instance.
  static let payloadBytes = 1 << 20
  /// Bytes of a frame: a payload and what is around it.
  static let frameBytes = payloadBytes + 64 << 10
  /// Bytes that wait for a client to read them before its connection is closed.
  static let outputBytes = 4 << 20
  /// Entries of the journal.
  static let journalEntries = 10_000
  /// Bytes of an event's payload that the journal keeps; a larger one is told by its size.
  static let journalPayloadBytes = 4 << 10
  /// Seconds that a client has for the TLS handshake, and again for CONNECT. Source: SSNTP clients give the same 30 s.
  static let deadline: Double = 30

  static var gob: GobLimits {
    var limits = GobLimits()
    limits.messageBytes = frameBytes
    limits.values = 1 << 16
    return limits
  }

  static var yaml: YAMLLimits {
    var limits = YAMLLimits()
    limits.bytes = payloadBytes
    limits.depth = 16
    limits.events = 1 << 17
    limits.nodes = 1 << 17
    limits.scalarBytes = 1 << 10
    return limits
  }
}
