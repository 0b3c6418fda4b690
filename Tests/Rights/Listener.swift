import Foundation

/// A socket of the test's that attempts are made on; nothing is ever accepted.
final class Listener {
  private let socket: Int32
  private(set) var port: UInt16 = 0

  struct Failed: Error { let code: Int32 }

  /// On loopback, at a port that the kernel chooses.
  init() throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, length) == 0 && listen(socket, 8) == 0 ? getsockname(socket, $0, &length) : -1
      }
    }
    guard result == 0 else { throw Failed(code: errno) }
    port = UInt16(bigEndian: address.sin_port)
  }

  /// An AF_UNIX socket at a path, or without one where the path begins with a zero byte.
  init(path: String) throws {
    socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let length = MemoryLayout<sa_family_t>.size + path.utf8.count
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(length)) }
    }
    guard result == 0, listen(socket, 8) == 0 else { throw Failed(code: errno) }
    if !path.hasPrefix("\0") { chmod(path, 0o777) }
  }

  deinit { close(socket) }
}
