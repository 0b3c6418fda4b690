import Glibc
import Synchronization

struct SocketFailure: Error { let step: String; let code = errno }

/// A stream socket, non-blocking and closed with its last reference. SIGPIPE is ignored from the first one on.
final class Socket {
  /// How long a peer process may keep a test waiting, in milliseconds; far more than any of them needs.
  static let patience: Int32 = 20_000
  private static let ignoringPipeSignal: Bool = {
    signal(SIGPIPE, SIG_IGN)
    return true
  }()

  /// Held while a program is started or a connection accepted: tests run in parallel, and what `accept` returns must
  /// not slip into another test's program before it is marked close-on-exec.
  static let inheritance = Mutex(())

  private static let streamType = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

  private(set) var descriptor: Int32

  init(_ descriptor: Int32) throws {
    guard Self.ignoringPipeSignal, descriptor >= 0 else { throw SocketFailure(step: "socket") }
    self.descriptor = descriptor
    guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { throw SocketFailure(step: "fcntl") }
  }

  deinit { close() }

  /// Makes it block, as programs expect of their standard streams.
  func setBlocking() { _ = fcntl(descriptor, F_SETFL, 0) }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  func setBuffers(bytes: Int32) {
    var size = bytes
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
  }

  func sendPlain(_ text: String) { _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) } }

  /// Waits until the socket is ready for `events` (POLLIN, POLLOUT).
  func wait(for events: Int32) throws {
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    guard poll(&entry, 1, Self.patience) == 1 else { throw SocketFailure(step: "poll") }
  }

  /// Lets the other end's bytes arrive: over TCP they may take a moment, and may never come.
  func waitBriefly() throws {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&entry, 1, 1)
  }

  static func unixPair() throws -> (Socket, Socket) {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, streamType, 0, &ends) == 0 else { throw SocketFailure(step: "socketpair") }
    return (try Socket(ends[0]), try Socket(ends[1]))
  }

  static func tcpPair() throws -> (Socket, Socket) {
    let (listener, port) = try listening()
    let client = try connected(to: port)
    return (client, try listener.accepted())
  }

  /// A listener on a free port of the loopback interface.
  static func listening() throws -> (Socket, port: UInt16) {
    let listener = try Socket(socket(AF_INET, streamType, 0))
    var address = loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener.descriptor, $0, length) == 0 && listen(listener.descriptor, 1) == 0
          && getsockname(listener.descriptor, $0, &length) == 0
      }
    }
    guard bound else { throw SocketFailure(step: "bind") }
    return (listener, UInt16(bigEndian: address.sin_port))
  }

  func accepted() throws -> Socket {
    try wait(for: POLLIN)
    return try Self.inheritance.withLock { _ in
      let accepted = accept(descriptor, nil, nil)
      _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
      return try Socket(accepted)
    }
  }

  static func connected(to port: UInt16) throws -> Socket {
    let descriptor = socket(AF_INET, streamType, 0)
    var address = loopback(port: port)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    let client = try Socket(descriptor)
    guard result == 0 else { throw SocketFailure(step: "connect") }
    return client
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }
}
