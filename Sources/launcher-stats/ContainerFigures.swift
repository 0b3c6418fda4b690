/// Computes a container's figures from the texts of its control groups, of either version.
extension InstanceFigures {
  /// The memory of the processes in memory.stat, in MiB: what is theirs alone, and what they have mapped of files. The
  /// rest of the group is cache, which the kernel takes back when it wants.
  static func memory(memoryStat text: UnsafeRawBufferPointer) -> Int? {
    // Version 2, then the names of version 1 that count all groups below as well.
    guard let own = line("anon ", in: text) ?? line("total_rss ", in: text),
      let mapped = line("file_mapped ", in: text) ?? line("total_mapped_file ", in: text),
      case (let bytes, false) = own.addingReportingOverflow(mapped)
    else { return nil }
    return Int(bytes / 1_048_576)
  }

  /// Of the times of groups: what the kernel gives more exactly is counted as it counts processes'.
  static let groupTicksPerSecond = 100

  /// CPU time in clock ticks of 10 ms: `usage_usec` of cpu.stat (version 2), or the nanoseconds of cpuacct.usage.
  static func time(group text: UnsafeRawBufferPointer) -> ProcessTime? {
    if let microseconds = line("usage_usec ", in: text) { return ProcessTime(used: microseconds / 10_000, start: 0) }
    return number(at: 0, in: text).map { ProcessTime(used: $0 / 10_000_000, start: 0) }
  }

  private static func line(_ label: StaticString, in text: UnsafeRawBufferPointer) -> UInt64? {
    var start = 0
    while start < text.count {
      if let value = value(at: start, behind: label, in: text) { return number(at: value, in: text) }
      start = next(UInt8(ascii: "\n"), from: start, in: text)
    }
    return nil
  }
}
