import CShims
import Glibc

/// The calls that led to where the program is.
enum StackTrace {
  /// Calls shown at most.
  private static let depth: Int32 = 64

  /// One line a call: the program's file, the symbol where it has one, and the address, for addr2line(1).
  static func lines() -> [String] {
    var addresses = [UnsafeMutableRawPointer?](repeating: nil, count: Int(depth))
    let count = CShims.backtrace(&addresses, depth)
    guard let symbols = backtrace_symbols(addresses, count) else { return [] }
    defer { free(symbols) }
    // The first is this function.
    return (1..<max(1, Int(count))).compactMap { symbols[$0].map { "  at " + String(cString: $0) } }
  }
}
