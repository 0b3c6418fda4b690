import CShims
import Glibc
import Instances
import Linux

/// Computes the node's figures from the texts of /proc; -1 for what a text does not say.
enum NodeFigures {
  /// MemTotal of /proc/meminfo, and what could be given to new instances without swapping: MemFree + Active(file) +
  /// Inactive(file). MiB.
  static func memory(meminfo: [UInt8]) -> (totalMB: Int, availableMB: Int) {
    var kilobytes: [Substring: Int] = [:]
    for line in lines(meminfo) {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let number = parts[1].split(separator: " ").first.flatMap({ Int($0) }), number >= 0
      else { continue }
      kilobytes[parts[0]] = number
    }
    let total = kilobytes["MemTotal"].map { $0 / 1024 } ?? -1
    var available = 0
    for key: Substring in ["MemFree", "Active(file)", "Inactive(file)"] {
      guard let part = kilobytes[key] else { return (total, -1) }
      let (sum, overflow) = available.addingReportingOverflow(part)
      guard !overflow else { return (total, -1) }
      available = sum
    }
    return (total, available / 1024)
  }

  /// The average over the last minute of /proc/loadavg, its integer part.
  static func load(loadavg: [UInt8]) -> Int {
    let text = String(decoding: loadavg, as: UTF8.self)
    return text.split(separator: ".", maxSplits: 1).first.flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil } ?? -1
  }

  /// The number of cpuN lines of /proc/stat.
  static func cpusOnline(stat: [UInt8]) -> Int {
    let count = lines(stat).count { line in
      guard line.hasPrefix("cpu") else { return false }
      let number = line.dropFirst(3).prefix { $0 != " " }
      return !number.isEmpty && number.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }
    return count == 0 ? -1 : count
  }

  /// Blocks of a file system, and those available to users, in 10^6 bytes.
  static func disk(_ status: statfs) -> (totalMB: Int, availableMB: Int) {
    // Blocks are counted in fragments where a file system has them (FUSE), as statvfs(3) and df(1) do.
    let unit = status.f_frsize > 0 ? status.f_frsize : status.f_bsize
    func megabytes(_ blocks: UInt) -> Int {
      let (bytes, overflow) = blocks.multipliedReportingOverflow(by: UInt(max(0, unit)))
      return overflow ? -1 : Int(bytes / 1_000_000)
    }
    return (megabytes(status.f_blocks), megabytes(status.f_bavail))
  }

  private static func lines(_ bytes: [UInt8]) -> [Substring] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
