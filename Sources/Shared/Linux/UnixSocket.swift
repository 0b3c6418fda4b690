import CShims
import Glibc

/// Sockets of the AF_UNIX family.
public enum UnixSocket {
  /// Longest path that fits `sockaddr_un`, in bytes.
  public static let maximumPathLength = 107

  public enum Kind {
    /// SOCK_STREAM
    case stream
    /// SOCK_SEQPACKET: a connection that keeps message boundaries.
    case packets
    /// SOCK_DGRAM
    case datagrams

    fileprivate var type: __socket_type {
      switch self {
      case .stream: SOCK_STREAM
      case .packets: SOCK_SEQPACKET
      case .datagrams: SOCK_DGRAM
      }
    }
  }

  /// An unconnected socket, close-on-exec and non-blocking.
  public static func make(_ kind: Kind) throws(SystemError) -> Descriptor {
    let fd = socket(AF_UNIX, Int32(kind.type.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard fd >= 0 else { throw SystemError("socket", "AF_UNIX") }
    return Descriptor(fd)
  }

  /// A connected pair that keeps message boundaries (SOCK_SEQPACKET), close-on-exec and non-blocking.
  public static func pair() throws(SystemError) -> (Descriptor, Descriptor) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SystemError("socketpair", "AF_UNIX") }
    return (Descriptor(ends[0]), Descriptor(ends[1]))
  }

  public static func connect(_ socket: Descriptor, to path: String) throws(SystemError) {
    let result = try withAddress(path) { Glibc.connect(socket.raw, $0, $1) }
    guard result == 0 else { throw SystemError("connect", path) }
  }

  public static func bind(_ socket: Descriptor, to path: String) throws(SystemError) {
    let result = try withAddress(path) { Glibc.bind(socket.raw, $0, $1) }
    guard result == 0 else { throw SystemError("bind", path) }
  }

  public static func listen(_ socket: Descriptor, at path: String, backlog: Int32) throws(SystemError) {
    try bind(socket, to: path)
    guard Glibc.listen(socket.raw, backlog) == 0 else { throw SystemError("listen", path) }
  }

  /// - path: of a socket in the file system, or `@` and a name of the abstract kind, which has no file.
  private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32)
    throws(SystemError) -> Int32
  {
    guard (1...maximumPathLength).contains(path.utf8.count) else {
      throw SystemError("use as socket path", path, code: ENAMETOOLONG)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    var size = MemoryLayout<sockaddr_un>.size
    if path.hasPrefix("@") {
      // An abstract name is as long as the address says, zero bytes included.
      address.sun_path.0 = 0
      size = MemoryLayout<sa_family_t>.size + path.utf8.count
    }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(size)) }
    }
  }

  /// Whom the kernel names as the other side: who connected, or for a connecting side who called listen.
  public struct Peer: Equatable, Sendable {
    public let pid: pid_t
    public let uid: uid_t
    public let gid: gid_t
  }

  public static func peer(of socket: Descriptor) throws(SystemError) -> Peer {
    var pid: pid_t = 0
    var uid: uid_t = 0
    var gid: gid_t = 0
    let result = sh_peer_credentials(socket.raw, &pid, &uid, &gid)
    guard result == 0 else { throw SystemError("SO_PEERCRED", "descriptor \(socket.raw)", code: -result) }
    return Peer(pid: pid, uid: uid, gid: gid)
  }

  /// The next waiting connection, non-blocking and close-on-exec; nil when none waits.
  public static func accept(_ listener: Descriptor) throws(SystemError) -> Descriptor? {
    while true {
      let fd = sh_accept(listener.raw)
      if fd >= 0 { return Descriptor(fd) }
      switch -fd {
      case EINTR, ECONNABORTED: continue
      case EAGAIN: return nil
      default: throw SystemError("accept", "descriptor \(listener.raw)", code: -fd)
      }
    }
  }
}
