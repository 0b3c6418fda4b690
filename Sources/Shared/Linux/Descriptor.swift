import CShims
import Glibc

/// An open file descriptor that is closed when nothing refers to it any more.
public final class Descriptor {
  /// -1 once closed.
  public private(set) var raw: Int32

  /// Takes ownership of `raw`.
  public init(_ raw: Int32) { self.raw = raw }

  public func close() {
    if raw >= 0 { _ = Glibc.close(raw) }
    raw = -1
  }

  deinit { close() }

  /// Opens `path` close-on-exec.
  public static func open(
    _ path: String, _ flags: Int32, mode: mode_t = 0o600, in folder: Descriptor? = nil
  ) throws(SystemError) -> Descriptor {
    let fd = openat(folder?.raw ?? AT_FDCWD, path, flags | O_CLOEXEC, mode)
    guard fd >= 0 else { throw SystemError("open", path) }
    return Descriptor(fd)
  }

  /// A handle that names `path` without any right to its contents (O_PATH).
  public static func name(_ path: String, in folder: Descriptor? = nil, followingLinks: Bool = false)
    throws(SystemError) -> Descriptor
  {
    let fd = sh_open_path(folder?.raw ?? AT_FDCWD, path, followingLinks ? 1 : 0)
    guard fd >= 0 else { throw SystemError("open", path, code: -fd) }
    return Descriptor(fd)
  }

  /// The same for a name in `folder` that may be a symbolic link, as long as it leads nowhere outside.
  public static func name(beneath folder: Descriptor, _ path: String) throws(SystemError) -> Descriptor {
    let fd = sh_open_path_beneath(folder.raw, path)
    guard fd >= 0 else { throw SystemError("open", path, code: -fd) }
    return Descriptor(fd)
  }

  public static func folder(_ path: String, in parent: Descriptor? = nil) throws(SystemError) -> Descriptor {
    try open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, in: parent)
  }

  public static func pipe() throws(SystemError) -> (reader: Descriptor, writer: Descriptor) {
    var ends: [Int32] = [-1, -1]
    let result = sh_pipe(&ends)
    guard result == 0 else { throw SystemError("pipe", "", code: -result) }
    return (Descriptor(ends[0]), Descriptor(ends[1]))
  }

  public func setNonBlocking() throws(SystemError) {
    let flags = fcntl(raw, F_GETFL)
    guard flags >= 0, fcntl(raw, F_SETFL, flags | O_NONBLOCK) == 0 else {
      throw SystemError("fcntl O_NONBLOCK", "descriptor \(raw)")
    }
  }

  /// Outcome of one read that does not block.
  public enum ReadOutcome: Equatable {
    case bytes(Int)
    case wouldBlock
    case end
  }

  /// One read(2); an interrupted one is tried again.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> ReadOutcome {
    while true {
      let n = Glibc.read(raw, buffer.baseAddress, buffer.count)
      if n > 0 { return .bytes(n) }
      if n == 0 { return .end }
      if errno == EINTR { continue }
      if errno == EAGAIN { return .wouldBlock }
      throw SystemError("read", "descriptor \(raw)")
    }
  }

  /// Reads `count` bytes from `offset`, fewer only at the end of the file; moves no file position.
  public func read(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
    var failure: SystemError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let n = pread(raw, buffer.baseAddress! + filled, count - filled, offset + filled)
        if n < 0 && errno == EINTR { continue }
        if n < 0 { failure = SystemError("read", "descriptor \(raw)") }
        if n <= 0 { break }
        filled += n
      }
    }
    if let failure { throw failure }
    return bytes
  }

  public func status() throws(SystemError) -> stat {
    var result = stat()
    guard fstat(raw, &result) == 0 else { throw SystemError("fstat", "descriptor \(raw)") }
    return result
  }
}
