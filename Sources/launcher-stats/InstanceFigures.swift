/// Computes an instance's figures from the texts of /proc; nil for what a text does not say.
///
/// The texts are read for hundreds of instances in every sample, so their bytes are looked at where they are.
enum InstanceFigures {
  /// The proportional set size in a smaps_rollup, in MiB: pages that processes share count in parts.
  static func memory(smapsRollup text: UnsafeRawBufferPointer) -> Int? {
    var start = 0
    while start < text.count {
      if let value = value(at: start, behind: "Pss:", in: text) {
        return number(at: value, in: text).map { Int($0 / 1024) }
      }
      start = next(UInt8(ascii: "\n"), from: start, in: text)
    }
    return nil
  }

  /// What /proc/PID/stat says of a process.
  struct ProcessTime: Equatable {
    /// Clock ticks in user and system mode, all threads.
    var used: UInt64
    /// Clock ticks from boot to its start: with another value it is another process.
    var start: UInt64
  }

  static func time(stat text: UnsafeRawBufferPointer) -> ProcessTime? {
    // The command's name stands in parentheses and may hold anything, also parentheses.
    guard let close = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    // proc(5): 14 is utime, 15 stime, 22 starttime; the name is field 2.
    guard let user = number(ofField: 14, in: text, behindName: close),
      let system = number(ofField: 15, in: text, behindName: close),
      let start = number(ofField: 22, in: text, behindName: close),
      case (let used, false) = user.addingReportingOverflow(system)
    else { return nil }
    return ProcessTime(used: used, start: start)
  }

  private static func number(ofField field: Int, in text: UnsafeRawBufferPointer, behindName close: Int) -> UInt64? {
    var start = close
    for _ in 2..<field { start = next(UInt8(ascii: " "), from: start, in: text) }
    return number(at: start, in: text)
  }

  /// Where the text behind the next `separator` begins.
  static func next(_ separator: UInt8, from start: Int, in text: UnsafeRawBufferPointer) -> Int {
    var index = start
    while index < text.count {
      index += 1
      if text[index - 1] == separator { break }
    }
    return index
  }

  /// Where the value begins if `label` and spaces stand at `start`.
  static func value(at start: Int, behind label: StaticString, in text: UnsafeRawBufferPointer) -> Int? {
    var index = start
    for offset in 0..<label.utf8CodeUnitCount {
      guard index < text.count, text[index] == label.utf8Start[offset] else { return nil }
      index += 1
    }
    while index < text.count, text[index] == UInt8(ascii: " ") { index += 1 }
    return index
  }

  /// The decimal number at `start`.
  static func number(at start: Int, in text: UnsafeRawBufferPointer) -> UInt64? {
    var value: UInt64?
    var index = start
    while index < text.count, case let byte = text[index], byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      let (shifted, isTooLarge) = (value ?? 0).multipliedReportingOverflow(by: 10)
      let (sum, isTooLargeToo) = shifted.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      guard !isTooLarge, !isTooLargeToo else { return nil }
      value = sum
      index += 1
    }
    return value
  }

  /// Blocks allocated, in 10^6 bytes. stat(2) counts in 512 bytes whatever the file system's block.
  static func disk(blocks: Int) -> Int? {
    let (bytes, isTooLarge) = blocks.multipliedReportingOverflow(by: 512)
    return isTooLarge || bytes < 0 ? nil : bytes / 1_000_000
  }
}

/// An instance's share of the CPU time that its vcpus could have had, from one sample to the next.
struct CPUShare {
  /// Seconds below which two samples are one: the kernel counts in ticks of 10 ms.
  private static let shortestInterval = 1.0

  private var last: (time: InstanceFigures.ProcessTime, nanoseconds: Int64)?
  private var share = -1

  /// 0 to 100; -1 until the process has been seen twice.
  mutating func update(
    _ time: InstanceFigures.ProcessTime?, at nanoseconds: Int64, vcpus: Int, ticksPerSecond: Int
  ) -> Int {
    guard let time else {
      self = CPUShare()
      return -1
    }
    guard let last, last.time.start == time.start, last.time.used <= time.used else {
      self = CPUShare(last: (time, nanoseconds))
      return -1
    }
    let seconds = Double(nanoseconds - last.nanoseconds) / 1e9
    guard seconds >= Self.shortestInterval else { return share }
    let used = Double(time.used - last.time.used) / Double(ticksPerSecond)
    share = Int(min(100, (100 * used / (seconds * Double(vcpus))).rounded()))
    self.last = (time, nanoseconds)
    return share
  }
}
