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

  /// The kernel's name for this boot, in hexadecimal digits; empty where nobody tells it. The unit hides all of /proc but
  /// processes from launcher-vmm (ProcSubset=), so systemd hands the name over.
  static func bootID(
    file: String = "/proc/sys/kernel/random/boot_id",
    told: String? = getenv("LAUNCHER_BOOT_ID").map { String(cString: $0) }
  ) -> String {
    let text = (try? Files.read(file, limit: 64)).map { String(decoding: $0, as: UTF8.self) } ?? told ?? ""
    let digits = text.filter { $0 != "-" && !$0.isWhitespace }
    return digits.utf8.count == 32 && digits.allSatisfy { $0.isASCII && $0.isHexDigit } ? digits : ""
  }
}
