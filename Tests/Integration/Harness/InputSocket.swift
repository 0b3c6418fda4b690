import Foundation

/// Standard input of a program that a test has started: a socket, because writing to it may fail without a signal.
final class InputSocket {
  private var ours: Int32
  private let theirs: Int32

  init() throws {
    var pair: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
      throw HarnessError("make a socket: \(String(cString: strerror(errno)))")
    }
    (ours, theirs) = (pair[0], pair[1])
  }

  deinit { close() }

  /// Starts a program that reads what is sent here.
  func start(_ arguments: [String], output: Int32, error: Int32? = nil) throws -> ChildProcess {
    defer { Glibc.close(theirs) }
    return try ChildProcess(arguments, input: theirs, output: output, error: error)
  }

  func send(line: Data) throws {
    try (line + [UInt8(ascii: "\n")]).withUnsafeBytes { bytes in
      var rest = bytes
      while !rest.isEmpty {
        let count = Glibc.send(ours, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        guard count > 0 else { throw HarnessError("a program does not take its input any more") }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }

  /// Ends the program's input.
  func close() {
    if ours >= 0 { Glibc.close(ours) }
    ours = -1
  }
}
