import Instances

/// An address of the loopback interface and a TCP port.
struct LoopbackAddress: Equatable, Sendable, CustomStringConvertible {
  enum Host: Equatable, Sendable {
    /// One of 127.0.0.0/8.
    case v4(IPv4Address)
    /// ::1
    case v6
  }

  let host: Host
  /// 0 lets the kernel choose.
  var port: UInt16

  /// Port 8888 is SSNTP's.
  static let standard = LoopbackAddress(host: .v4(IPv4Address(value: 0x7f00_0001)), port: 8888)

  private static let network: UInt32 = 0x7f

  init(host: Host, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Reads `127.0.0.1:8888`, `[::1]:8888` or `localhost:8888`; nil for anything else, other addresses above all.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    let host = text[..<colon]
    if host == "[::1]" {
      self.init(host: .v6, port: port)
    } else if let address = IPv4Address(host == "localhost" ? "127.0.0.1" : host), address.value >> 24 == Self.network {
      self.init(host: .v4(address), port: port)
    } else {
      return nil
    }
  }

  /// The address alone, as a certificate names it.
  var hostText: String {
    switch host {
    case .v4(let address): address.description
    case .v6: "::1"
    }
  }

  var description: String { host == .v6 ? "[::1]:\(port)" : "\(hostText):\(port)" }
}
