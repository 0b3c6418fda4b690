import Glibc
import Linux

/// Tells a process from a later one of the same number.
enum ProcessIdentity {
  private static let statLimit = 4096

  /// Clock ticks from boot to the start of `pid` (proc(5), field 22); nil when there is no such process.
  static func startTime(of pid: pid_t) -> UInt64? {
    guard let bytes = try? Files.read("/proc/\(pid)/stat", limit: statLimit) else { return nil }
    // The command's name stands in parentheses and may hold anything, also parentheses.
    guard let close = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "))
    // Behind the name come fields 3, 4, …: 22 is the twentieth.
    guard fields.count > 19 else { return nil }
    return UInt64(String(decoding: fields[19], as: UTF8.self))
  }

  /// The kernel's name for this boot.
  static func bootID() -> String {
    guard let bytes = try? Files.read("/proc/sys/kernel/random/boot_id", limit: 64) else { return "" }
    return String(decoding: bytes.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
  }
}
