import Glibc
import Linux

/// What came of a request to the kernel.
public enum NetlinkError: Error, Equatable, CustomStringConvertible {
  /// The kernel refused: a positive errno, and in its own words why, where it said so.
  case refused(code: Int32, words: String)
  /// A message that the kernel does not send.
  case malformed(String)
  /// The socket itself.
  case failed(SystemError)

  /// The kernel's errno; nil where it was not the kernel that refused.
  public var code: Int32? { if case .refused(let code, _) = self { code } else { nil } }

  public var description: String {
    switch self {
    case .refused(let code, ""): SystemError.text(code)
    case .refused(let code, let words): "\(SystemError.text(code)) (\(words))"
    case .malformed(let what): "an answer of the kernel's that is \(what)"
    case .failed(let error): "\(error)"
    }
  }
}
