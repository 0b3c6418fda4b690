import Glibc

/// The standard output and error of a command.
enum Console {
  /// Writes a text and a line end where it has none.
  static func print(_ text: String) { write(text, to: STDOUT_FILENO) }

  static func complain(_ text: String) { write(text, to: STDERR_FILENO) }

  private static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    if rest.last != UInt8(ascii: "\n") { rest.append(UInt8(ascii: "\n")) }
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      // Nobody is left to tell.
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
