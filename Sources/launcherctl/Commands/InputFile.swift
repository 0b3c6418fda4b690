import Glibc
import Linux

/// A payload that a person names: a file, or `-` for standard input.
enum InputFile {
  /// The whole of it, at most `limit` bytes; pipes too.
  static func read(_ path: String, limit: Int) throws -> [UInt8] {
    let file = path == "-" ? Descriptor(STDIN_FILENO) : try Descriptor.open(path, O_RDONLY)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      switch try buffer.withUnsafeMutableBytes({ try file.read(into: $0) }) {
      case .end: return bytes
      case .bytes(let count): bytes += buffer[..<count]
      case .wouldBlock:
        var entry = pollfd(fd: file.raw, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, -1)
      }
      guard bytes.count <= limit else { throw Failure("read \(path): larger than the \(limit) bytes that are taken") }
    }
  }
}
