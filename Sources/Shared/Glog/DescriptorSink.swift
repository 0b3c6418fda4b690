import Glibc

/// Writes each line by one write(2) to a descriptor that it does not own.
///
/// Several processes may share the descriptor: a line is at most `LogLine.maximumBytes`, which a pipe takes whole. The
/// descriptor stays in blocking mode, because O_NONBLOCK would be set for everyone who shares it (a shell's terminal);
/// poll(2) tells first whether there is room. Only a process that fills the same pipe between the two calls can make
/// the write wait until the reader goes on.
public struct DescriptorSink: LogSink {
  private let descriptor: Int32
  /// The last line was written in part (a full disk): the next one must not continue it.
  private var endsInMidLine = false

  public init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  public mutating func write(_ line: [UInt8], severity: Severity) -> Bool {
    if endsInMidLine {
      guard writeOnce([UInt8(ascii: "\n")]) == 1 else { return false }
      endsInMidLine = false
    }
    let written = writeOnce(line)
    endsInMidLine = written > 0 && written < line.count
    return written == line.count
  }

  /// The number of bytes written, negative after an error.
  private func writeOnce(_ bytes: [UInt8]) -> Int {
    while true {
      var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      // A closed descriptor or pipe counts as ready: the write then gives the error.
      let ready = poll(&room, 1, 0)
      if ready == 0 { return -1 }
      let written = ready < 0 ? -1 : Glibc.write(descriptor, bytes, bytes.count)
      if written >= 0 || errno != EINTR { return written }
    }
  }
}
