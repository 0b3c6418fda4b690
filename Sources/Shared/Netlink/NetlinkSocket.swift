import CShims
import Glibc
import Linux

/// A way to the kernel: it has answered by the time that `send` returns.
public protocol NetlinkSocket {
  func send(_ datagram: [UInt8]) throws(SystemError)
  /// The next datagram; nil when there is none left.
  func receive() throws(SystemError) -> [UInt8]?
}

/// The kernel's own. Connected to it, so that no other process's datagram ever arrives, and read and written like a
/// file: a confined process needs no system call for it beyond these.
public final class KernelSocket: NetlinkSocket {
  public enum Family: Int32 {
    /// NETLINK_ROUTE: interfaces and addresses.
    case route = 0
    /// NETLINK_NETFILTER: nftables.
    case netfilter = 12
  }

  /// Bytes: the kernel lists in datagrams of at most 32 KiB.
  private static let datagram = 65_536
  private static let solNetlink: Int32 = 270
  /// NETLINK_CAP_ACK: errors do not repeat the request. NETLINK_EXT_ACK: they say in words what is wrong.
  private static let options: [Int32] = [10, 11]

  private let socket: Descriptor

  public init(_ family: Family) throws(SystemError) {
    let name = "netlink \(family)"
    let type = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let fd = Glibc.socket(AF_NETLINK, type, family.rawValue)
    guard fd >= 0 else { throw SystemError("socket", name) }
    socket = Descriptor(fd)
    for option in Self.options {
      var on: Int32 = 1
      guard setsockopt(fd, Self.solNetlink, option, &on, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
        throw SystemError("setsockopt \(option)", name)
      }
    }
    var kernel = sockaddr_nl()
    kernel.nl_family = sa_family_t(AF_NETLINK)
    let connected = withUnsafePointer(to: &kernel) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(fd, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
      }
    }
    guard connected == 0 else { throw SystemError("connect", name) }
  }

  public func send(_ datagram: [UInt8]) throws(SystemError) {
    while true {
      let count = write(socket.raw, datagram, datagram.count)
      if count == datagram.count { return }
      if count < 0, errno == EINTR { continue }
      throw SystemError("write", "netlink socket")
    }
  }

  public func receive() throws(SystemError) -> [UInt8]? {
    while true {
      let bytes = [UInt8](unsafeUninitializedCapacity: Self.datagram) { buffer, filled in
        filled = max(0, Glibc.read(socket.raw, buffer.baseAddress, buffer.count))
      }
      if !bytes.isEmpty { return bytes }
      if errno == EAGAIN { return nil }
      if errno != EINTR { throw SystemError("read", "netlink socket") }
    }
  }
}
