import Glibc
import Linux

/// A step of the confinement that failed. A process that cannot confine itself does not go on.
public struct ConfinementError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }

  /// Runs `body` and names the step where that fails.
  static func wrapping<R>(_ step: String, _ body: () throws(SystemError) -> R) throws(ConfinementError) -> R {
    do {
      return try body()
    } catch {
      throw ConfinementError("\(step): \(error)")
    }
  }

  /// For calls that give 0 or more, or a negative errno.
  static func check(_ result: Int32, _ step: String) throws(ConfinementError) {
    guard result >= 0 else { throw ConfinementError("\(step): \(SystemError.text(-result))") }
  }

  /// For calls that give -1 and set errno.
  static func checkErrno(_ result: Int32, _ step: String) throws(ConfinementError) {
    guard result >= 0 else { throw ConfinementError("\(step): \(SystemError.text(errno))") }
  }
}
