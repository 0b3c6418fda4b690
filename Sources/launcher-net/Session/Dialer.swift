import AsyncLoop
import CShims
import Glibc
import Linux

/// TCP connections with a deadline, and a kernel that notices a dead peer.
@LoopActor enum Dialer {
  /// Seconds: idle time before the first keep-alive probe, between probes, and how many go unanswered.
  private static let keepAliveIdle: Int32 = 30
  private static let keepAliveInterval: Int32 = 10
  private static let keepAliveCount: Int32 = 3
  /// Milliseconds that sent bytes may stay unacknowledged: as long as the keep-alive takes in all.
  private static let userTimeout: Int32 = 60_000

  /// A connected, non-blocking socket to a textual address; fails with ETIMEDOUT at the deadline.
  static func connect(to address: String, port: UInt16, until deadline: Moment) async throws(SystemError) -> Descriptor
  {
    let name = "\(address), port \(port)"
    let (storage, length) = try socketAddress(address, port)
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let fd = socket(Int32(storage.ss_family), type, 0)
    guard fd >= 0 else { throw SystemError("socket", name) }
    let descriptor = Descriptor(fd)
    let result = withUnsafePointer(to: storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(fd, $0, length) }
    }
    if result != 0 {
      guard errno == EINPROGRESS else { throw SystemError("connect to", name) }
      guard await LoopActor.wait(fd, .writable, until: deadline) else {
        throw SystemError("connect to", name, code: ETIMEDOUT)
      }
      var error: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size)
      guard error == 0 else { throw SystemError("connect to", name, code: error) }
    }
    let tcp = Int32(IPPROTO_TCP)
    for (level, option, value): (Int32, Int32, Int32) in [
      (SOL_SOCKET, SO_KEEPALIVE, 1), (tcp, TCP_KEEPIDLE, keepAliveIdle), (tcp, TCP_KEEPINTVL, keepAliveInterval),
      (tcp, TCP_KEEPCNT, keepAliveCount), (tcp, TCP_USER_TIMEOUT, userTimeout), (tcp, TCP_NODELAY, 1),
    ] {
      var value = value
      guard setsockopt(fd, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
        throw SystemError("set a socket option for", name)
      }
    }
    return descriptor
  }

  private static func socketAddress(_ address: String, _ port: UInt16) throws(SystemError) -> (
    sockaddr_storage, socklen_t
  ) {
    var storage = sockaddr_storage()
    var v4 = sockaddr_in()
    if inet_pton(AF_INET, address, &v4.sin_addr) == 1 {
      v4.sin_family = sa_family_t(AF_INET)
      v4.sin_port = port.bigEndian
      withUnsafeMutableBytes(of: &storage) { target in withUnsafeBytes(of: v4) { target.copyMemory(from: $0) } }
      return (storage, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
    var v6 = sockaddr_in6()
    // A link-local address may carry its interface behind a %, which this address family keeps elsewhere.
    guard inet_pton(AF_INET6, address, &v6.sin6_addr) == 1 else {
      throw SystemError("use as an address", address, code: EAFNOSUPPORT)
    }
    v6.sin6_family = sa_family_t(AF_INET6)
    v6.sin6_port = port.bigEndian
    withUnsafeMutableBytes(of: &storage) { target in withUnsafeBytes(of: v6) { target.copyMemory(from: $0) } }
    return (storage, socklen_t(MemoryLayout<sockaddr_in6>.size))
  }
}
