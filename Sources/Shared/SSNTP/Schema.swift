import Gob

/// The structures of SSNTP, with the names and in the order in which Go peers send them.
enum Schema {
  static let connectFrame = GobSchema.structure(name: "ConnectFrame", fields: handshake)

  static let connectedFrame = GobSchema.structure(
    name: "ConnectedFrame",
    fields: handshake + [.init("PayloadLength", .unsigned), .init("Payload", .bytes)])

  static let frame = GobSchema.structure(
    name: "Frame",
    fields: head + [
      .init("Origin", .array(name: "UUID", of: .unsigned, count: NodeUUID.byteCount)),
      .init("PayloadLength", .unsigned),
      .init("Trace", trace),
      .init("Payload", .bytes),
    ])

  private static let head: [GobSchema.Field] = ["Major", "Minor", "Type", "Operand"].map { .init($0, .unsigned) }

  private static let handshake: [GobSchema.Field] =
    head + [.init("Role", .unsigned), .init("Source", .bytes), .init("Destination", .bytes)]

  private static let trace = GobSchema.structure(
    name: "FrameTrace",
    fields: [
      .init("Label", .bytes),
      .init("StartTimestamp", time),
      .init("EndTimestamp", time),
      .init("PathLength", .unsigned),
      .init("Path", .slice(name: "[]ssntp.Node", of: node)),
    ])

  private static let node = GobSchema.structure(
    name: "Node",
    fields: [
      .init("UUID", .bytes), .init("Role", .unsigned), .init("TxTimestamp", time), .init("RxTimestamp", time),
    ])

  private static let time = GobSchema.selfEncoded(name: "Time")
}
