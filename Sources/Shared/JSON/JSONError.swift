/// Why a text was refused, and where.
public struct JSONError: Error, Equatable, CustomStringConvertible {
  public enum Reason: Sendable, Equatable {
    case tooManyBytes(limit: Int)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)
    case unexpectedEnd
    /// What the grammar wants here.
    case expected(String)
    case controlCharacter
    case invalidEscape
    /// Half of a surrogate pair, which is no character.
    case loneSurrogate
    case invalidUTF8
    case duplicateKey
    case numberTooLong(limit: Int)
    /// Beyond the range of Double.
    case numberOutOfRange
    case trailingData
  }

  /// Bytes from the beginning of the text (of the line in a `JSONStream`).
  public let offset: Int
  public let reason: Reason

  public var description: String {
    let text =
      switch reason {
      case .tooManyBytes(let limit): "longer than \(limit) bytes"
      case .tooDeep(let limit): "more than \(limit) arrays and objects within one another"
      case .tooManyValues(let limit): "more than \(limit) values"
      case .unexpectedEnd: "the text ends too early"
      case .expected(let what): "expected \(what)"
      case .controlCharacter: "a control character in a string"
      case .invalidEscape: "an escape that JSON does not have"
      case .loneSurrogate: "half of a surrogate pair"
      case .invalidUTF8: "a string is not UTF-8"
      case .duplicateKey: "the key occurs twice in its object"
      case .numberTooLong(let limit): "a number of more than \(limit) characters"
      case .numberOutOfRange: "a number out of range"
      case .trailingData: "data behind the value"
      }
    return "invalid JSON at byte \(offset): \(text)"
  }
}
