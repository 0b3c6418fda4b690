import Glibc
import Linux
import Rights

/// The sockets of all network namespaces that launcher's processes are in, as far as the kernel lists them: a socket
/// that was handed over is listed where it was made.
struct SocketTable {
  private struct Entry {
    let kind: DescriptorRule.SocketKind
    /// What others connect to, for the message; nil: nobody can.
    let listensAt: String?
  }

  /// Bytes of a table.
  private static let limit = 64 << 20
  private static let tcpListen = "0A"
  /// __SO_ACCEPTCON of the kernel.
  private static let unixAccepts: UInt32 = 1 << 16

  private var entries: [String: Entry] = [:]

  /// - pids: one process of each network namespace.
  init(of pids: some Sequence<pid_t>) {
    for pid in pids { add(pid) }
  }

  private mutating func add(_ pid: pid_t) {
    func lines(_ name: String) -> [[Substring]] {
      guard let bytes = try? Files.read("/proc/\(pid)/net/\(name)", limit: Self.limit) else { return [] }
      return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().map {
        $0.split(separator: " ", omittingEmptySubsequences: true)
      }
    }
    for line in lines("unix") where line.count >= 7 {
      let accepts = (UInt32(line[3], radix: 16) ?? 0) & Self.unixAccepts != 0
      let path = line.count > 7 ? String(line[7]) : "a socket without a name"
      entries[String(line[6])] = Entry(kind: .unix, listensAt: accepts ? path : nil)
    }
    for name in ["tcp", "tcp6"] {
      for line in lines(name) where line.count >= 10 {
        let port = line[1].split(separator: ":").last.flatMap { UInt16($0, radix: 16) } ?? 0
        entries[String(line[9])] = Entry(kind: .tcp, listensAt: line[3] == Self.tcpListen ? "TCP port \(port)" : nil)
      }
    }
    for name in ["udp", "udp6", "udplite", "udplite6", "icmp", "icmp6"] {
      for line in lines(name) where line.count >= 10 {
        entries[String(line[9])] = Entry(kind: .udp, listensAt: nil)
      }
    }
    for line in lines("netlink") where line.count >= 10 {
      entries[String(line[9])] = Entry(kind: .netlink, listensAt: nil)
    }
    for (name, column) in [("packet", 8), ("raw", 9), ("raw6", 9)] {
      for line in lines(name) where line.count > column {
        entries[String(line[column])] = Entry(kind: .other, listensAt: nil)
      }
    }
  }

  private static func inode(_ link: String) -> String? {
    link.hasPrefix("socket:[") ? String(link.dropFirst("socket:[".count).dropLast()) : nil
  }

  /// The kind of a socket, by what /proc/PID/fd shows of it; nil for what is no socket.
  func kind(_ link: String) -> DescriptorRule.SocketKind? {
    Self.inode(link).map { entries[$0]?.kind ?? .unconnected }
  }

  /// Where others can connect to it.
  func listener(_ link: String) -> String? { Self.inode(link).flatMap { entries[$0]?.listensAt } }
}
