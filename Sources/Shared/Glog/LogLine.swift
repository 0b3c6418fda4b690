import Glibc

/// One line of the log as bytes.
enum LogLine {
  /// Bytes of a line with its line end: PIPE_BUF of Linux, up to which a write to a pipe is not torn (pipe(7)).
  static let maximumBytes = 4096
  /// Room for the mark at the end of a line that was cut.
  private static let markBytes = 48

  static func bytes(
    _ message: String, severity: Severity, file: String, line: Int, format: LogFormat, time: timespec, pid: Int32
  ) -> [UInt8] {
    var text =
      switch format {
      case .glog: "\(severity.letter)\(dateAndTime(time)) \(pid) "
      case .journal: "<\(severity.priority)>"
      }
    text += "\(fileName(file)):\(line)] "
    for scalar in message.unicodeScalars {
      let end = text.endIndex
      VisibleText.append(scalar, to: &text.unicodeScalars)
      if text.utf8.count > maximumBytes - markBytes {
        text.unicodeScalars.removeSubrange(end...)
        text += " ...[cut, \(message.utf8.count) bytes]"
        break
      }
    }
    return Array(text.utf8) + [UInt8(ascii: "\n")]
  }

  /// `mmdd hh:mm:ss.uuuuuu` in the time zone that tzset(3) read.
  private static func dateAndTime(_ time: timespec) -> String {
    var seconds = time.tv_sec
    var local = tm()
    localtime_r(&seconds, &local)
    let clock = "\(padded(local.tm_hour)):\(padded(local.tm_min)):\(padded(local.tm_sec))"
    return "\(padded(local.tm_mon + 1))\(padded(local.tm_mday)) \(clock).\(padded(time.tv_nsec / 1000, 6))"
  }

  static func padded(_ number: some BinaryInteger, _ width: Int = 2) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
}
