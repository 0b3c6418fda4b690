import Glibc

/// A port of Ceph's that nobody listens at, or at which somebody listens and says nothing.
final class CephPort {
  let number: UInt16
  private let socket: Int32

  init() throws {
    for port: UInt16 in 7000...7300 {
      let socket = Glibc.socket(
        AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      let code = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      if code == 0 {
        (number, self.socket) = (port, socket)
        return
      }
      close(socket)
    }
    throw HarnessError("no port is free")
  }

  func listen() { Glibc.listen(socket, 64) }

  /// Somebody has connected to it.
  var hasVisitor: Bool {
    let visitor = accept(socket, nil, nil)
    if visitor >= 0 { close(visitor) }
    return visitor >= 0
  }

  deinit { close(socket) }
}
