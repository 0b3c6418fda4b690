import Foundation
import Testing

@testable import SSNTP

/// The recorded streams of Go peers in `Fixtures/vectors.json`.
enum Vectors {
  static let good = document.objects("vectors").map(Vector.init)
  static let bad = document.objects("bad").map(BadVector.init)
  static let unsigned = primitives.objects("unsigned")
  static let signed = primitives.objects("signed")
  static let times = primitives.objects("time")

  static func named(_ name: String) -> Vector { good.first { $0.name == name }! }

  private static let primitives = document.object("primitives")!

  private static let document: Object = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/vectors.json")
    return Object(fields: try! JSONSerialization.jsonObject(with: Data(contentsOf: file)) as! [String: Any])
  }()
}

/// A JSON object; a key that must be there and is not ends the test run. Nothing changes the fields, so that it is
/// safe to share them.
struct Object: @unchecked Sendable {
  let fields: [String: Any]

  func text(_ key: String) -> String { fields[key] as! String }
  func number(_ key: String) -> Int { (fields[key] as! NSNumber).intValue }
  func flag(_ key: String) -> Bool { fields[key] as! Bool }
  func hex(_ key: String) -> [UInt8] { bytes(hex: text(key)) }
  func object(_ key: String) -> Object? { (fields[key] as? [String: Any]).map(Object.init) }
  func objects(_ key: String) -> [Object] { (fields[key] as! [[String: Any]]).map(Object.init) }
}

/// A good stream and what it decodes to.
struct Vector: Sendable, CustomTestStringConvertible {
  let name: String
  let fromServer: Bool
  let stream: [UInt8]
  let values: [Incoming]
  /// Where each value ends in the stream.
  let ends: [Int]
  /// Where a server's second decoder begins.
  let secondDecoder: Int?

  init(_ object: Object) {
    name = object.text("name")
    fromServer = object.text("from") == "server"
    if object.fields["hex"] != nil {
      stream = object.hex("hex")
    } else {
      stream =
        object.hex("hex_head") + pattern(object.object("payload_rule")!.number("length")) + object.hex("hex_tail")
    }
    precondition(stream.count == object.number("bytes"))
    values = object.objects("frames").map(Incoming.init)
    ends = object.objects("frames").map { $0.number("end_offset") }
    secondDecoder = object.fields["second_decoder_offset"] == nil ? nil : object.number("second_decoder_offset")
  }

  var testDescription: String { name }

  /// The reader for which the stream is meant. Most vectors are cut from the middle of a session.
  var reader: FrameReader {
    let begun = if case .frame = values[0] { !name.hasPrefix("refused") } else { false }
    return FrameReader(at: fromServer ? .client : .server, begun: begun)
  }
}

/// A stream that no receiver may take, or that it may refuse.
struct BadVector: Sendable, CustomTestStringConvertible {
  let name: String
  let stream: [UInt8]
  let afterStart: Bool
  let mustFail: Bool

  init(_ object: Object) {
    name = object.text("name")
    stream = object.hex("hex")
    afterStart = object.text("at") == "after-start"
    mustFail = object.text("expect") == "error"
  }

  var testDescription: String { name }
}

func bytes(hex: String) -> [UInt8] {
  let digits = Array(hex.utf8)
  return stride(from: 0, to: digits.count, by: 2).map {
    UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)!
  }
}

/// The payload of `count` bytes that the vectors give by its rule.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
}

extension Incoming {
  fileprivate init(_ object: Object) {
    let (major, minor) = (UInt8(object.number("Major")), UInt8(object.number("Minor")))
    switch object.text("struct") {
    case "ConnectFrame":
      self = .connect(
        ConnectFrame(
          major: major, minor: minor, role: object.role, source: object.uuid("Source"),
          destination: object.uuid("Destination")))
    case "ConnectedFrame":
      self = .connected(
        ConnectedFrame(
          major: major, minor: minor, role: object.role, source: object.uuid("Source"),
          destination: object.uuid("Destination"), payload: object.payload))
    default:
      self = .frame(
        Frame(
          major: major, minor: minor, type: UInt8(object.number("Type")), operand: UInt8(object.number("Operand")),
          origin: object.uuid("Origin"), trace: object.object("Trace").map(FrameTrace.init), payload: object.payload))
    }
  }
}

extension FrameTrace {
  fileprivate init(_ object: Object) {
    self.init(
      label: object.hex("Label_hex"), start: object.time("StartTimestamp"), end: object.time("EndTimestamp"),
      path: object.objects("Path").map { node in
        TraceNode(
          uuid: node.uuid("UUID"), role: node.role, sent: node.time("TxTimestamp"), received: node.time("RxTimestamp"))
      })
    precondition(path.count == object.number("PathLength"))
  }
}

extension Object {
  var role: Role { Role(rawValue: UInt32(number("Role"))) }

  var payload: [UInt8] {
    object("Payload").map { pattern($0.number("length")) } ?? Array(text("Payload").utf8)
  }

  /// A UUID that is not sent is an empty text in the vectors.
  func uuid(_ key: String) -> NodeUUID {
    text(key).isEmpty ? .zero : NodeUUID(text(key))!
  }

  func time(_ key: String) -> GobTime? { object(key).map { $0.time } }

  /// The instant that this object tells by its numbers.
  var time: GobTime {
    GobTime(
      unixSeconds: Int64(number("unix")), nanoseconds: UInt32(number("nanosecond")),
      zoneOffset: flag("utc") ? nil : number("offset_seconds"))!
  }
}
