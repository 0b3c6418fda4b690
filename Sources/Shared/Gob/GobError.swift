/// Why a gob stream could not be decoded. A stream is lost after its first error: where the next value begins
/// is no longer known. `field` names the field that was being read, as the peer calls it.
public enum GobError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The first byte of a number promises more than 8 bytes.
  case malformedNumber(firstByte: UInt8)
  case messageTooLong(bytes: UInt64, limit: Int)
  case emptyMessage
  /// The owner of the decoder fed it without taking the values out.
  case notDrained(limit: Int)
  /// The message ends, or is too short for the count it gives, within `field`.
  case truncated(field: String)
  case trailingBytes(count: Int)
  case unknownType(id: Int64, field: String)
  case malformedDefinition(id: Int64, why: String)
  case tooMany(what: String, limit: Int)
  case fieldOutOfBounds(after: String, delta: UInt64, fields: Int)
  case wrongKind(field: String, wanted: String, found: String)
  case outOfRange(field: String, value: UInt64, maximum: UInt64)
  case wrongCount(field: String, wanted: Int, found: UInt64)
  case invalidValue(field: String, why: String)

  public var description: String { "cannot decode the peer's gob stream: " + reason }

  private var reason: String {
    switch self {
    case .malformedNumber(let byte):
      "a number begins with byte \(byte), which promises more than 8 bytes"
    case .messageTooLong(let bytes, let limit):
      "a message of \(bytes) bytes is announced, the limit is \(limit)"
    case .emptyMessage:
      "a message has no bytes"
    case .notDrained(let limit):
      "more than \(limit) bytes wait to be decoded"
    case .truncated(let field):
      "the message ends within \(quoted(field))"
    case .trailingBytes(let count):
      "\(count) bytes follow the value in its message"
    case .unknownType(let id, let field):
      "type \(id) of \(quoted(field)) is not defined"
    case .malformedDefinition(let id, let why):
      "the definition of type \(id) is refused: \(why)"
    case .tooMany(let what, let limit):
      "too many \(what), the limit is \(limit)"
    case .fieldOutOfBounds(let field, let delta, let fields):
      "field delta \(delta) after \(quoted(field)) leads out of a structure of \(fields) fields"
    case .wrongKind(let field, let wanted, let found):
      "\(quoted(field)) is \(found), not \(wanted)"
    case .outOfRange(let field, let value, let maximum):
      "\(value) in \(quoted(field)) is more than \(maximum)"
    case .wrongCount(let field, let wanted, let found):
      "\(quoted(field)) has \(found) elements, not \(wanted)"
    case .invalidValue(let field, let why):
      "\(quoted(field)) \(why)"
    }
  }

  /// The peer chose the name: nothing in it may change the shape of a log.
  private func quoted(_ field: String) -> String {
    "\"" + field.unicodeScalars.map { $0.escaped(asASCII: true) }.joined() + "\""
  }
}
