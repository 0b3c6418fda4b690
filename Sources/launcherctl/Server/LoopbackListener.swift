import Glibc
import Linux

/// A listening TCP socket of the loopback interface.
struct LoopbackListener {
  let socket: Descriptor
  /// With the port that the kernel chose, where that was left to it.
  let address: LoopbackAddress

  private static let backlog: Int32 = 64

  init(_ wanted: LoopbackAddress) throws(SystemError) {
    let family = wanted.host == .v6 ? AF_INET6 : AF_INET
    let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let descriptor = Glibc.socket(family, Int32(type), 0)
    guard descriptor >= 0 else { throw SystemError("socket", "\(wanted)") }
    socket = Descriptor(descriptor)
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))

    var storage = sockaddr_storage()
    let size = Self.fill(&storage, with: wanted)
    let port: UInt16? = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        var length = size
        guard bind(descriptor, $0, size) == 0, listen(descriptor, Self.backlog) == 0,
          getsockname(descriptor, $0, &length) == 0
        else { return nil }
        // Both families have the port in the same place.
        return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
      }
    }
    guard let port else { throw SystemError("listen on", "\(wanted)") }
    address = LoopbackAddress(host: wanted.host, port: port)
  }

  /// The size of the address in bytes.
  private static func fill(_ storage: inout sockaddr_storage, with address: LoopbackAddress) -> socklen_t {
    withUnsafeMutablePointer(to: &storage) { pointer in
      switch address.host {
      case .v4(let host):
        pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          $0.pointee.sin_family = sa_family_t(AF_INET)
          $0.pointee.sin_port = address.port.bigEndian
          $0.pointee.sin_addr.s_addr = host.value.bigEndian
        }
        return socklen_t(MemoryLayout<sockaddr_in>.size)
      case .v6:
        pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
          $0.pointee.sin6_family = sa_family_t(AF_INET6)
          $0.pointee.sin6_port = address.port.bigEndian
          inet_pton(AF_INET6, address.hostText, &$0.pointee.sin6_addr)
        }
        return socklen_t(MemoryLayout<sockaddr_in6>.size)
      }
    }
  }
}
