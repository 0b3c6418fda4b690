import Glibc

/// A system call that failed: what was tried, on what, and the kernel's reason.
public struct SystemError: Error, Equatable, CustomStringConvertible {
  public let call: String
  public let subject: String
  /// Positive errno value.
  public let code: Int32

  public init(_ call: String, _ subject: String, code: Int32 = errno) {
    self.call = call
    self.subject = subject
    self.code = code
  }

  public static func text(_ code: Int32) -> String { String(cString: strerror(code)) }

  public var description: String { "\(call) \(subject): \(Self.text(code))" }
}
