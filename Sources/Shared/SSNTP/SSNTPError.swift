import Gob
import Instances

/// Why a peer's stream is not an SSNTP session. The connection is of no use after it.
public enum SSNTPError: Error, Equatable, Sendable, CustomStringConvertible {
  case gob(GobError)
  /// The first value is none that the session may begin with.
  case unexpectedFirstValue(type: UInt8, operand: UInt8, in: SSNTPDialect, expected: String)

  public var description: String {
    switch self {
    case .gob(let error):
      "\(error)"
    case .unexpectedFirstValue(let type, let operand, let dialect, let expected):
      "cannot begin the SSNTP session: the peer's first value must be \(expected), "
        + "but it is \(operandText(type: type, operand: operand, in: dialect))"
    }
  }
}
