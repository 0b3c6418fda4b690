import Glibc

/// Where a scheduler is: a host name or IP address, and a TCP port.
public struct ServerAddress: Equatable, Sendable, CustomStringConvertible {
  /// SSNTP's port.
  public static let defaultPort: UInt16 = 8888

  public let host: String
  public let port: UInt16

  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Reads `host`, `host:port`, `[v6]`, `[v6]:port`, a bare IPv6 address, or a URL of which host and port count.
  public init?(_ text: String) {
    var rest = text[...]
    if let scheme = rest.range(of: "://") {
      rest = rest[scheme.upperBound...]
      rest = rest.prefix { $0 != "/" }
    }
    var port: Substring?
    if rest.hasPrefix("[") {
      guard let end = rest.firstIndex(of: "]") else { return nil }
      let behind = rest[rest.index(after: end)...]
      rest = rest[rest.index(after: rest.startIndex)..<end]
      guard Self.isIPAddress(String(rest)) else { return nil }
      if !behind.isEmpty {
        guard behind.hasPrefix(":") else { return nil }
        port = behind.dropFirst()
      }
    } else if !Self.isIPAddress(String(rest)), let colon = rest.lastIndex(of: ":") {
      port = rest[rest.index(after: colon)...]
      rest = rest[..<colon]
    }
    guard Self.isIPAddress(String(rest)) || Self.isHostName(rest) else { return nil }
    if let port {
      guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(port), number > 0 else {
        return nil
      }
      self.port = number
    } else {
      self.port = Self.defaultPort
    }
    host = String(rest)
  }

  /// The host is an address, so nothing has to be resolved.
  public var isNumeric: Bool { Self.isIPAddress(host) }

  private static func isIPAddress(_ text: String) -> Bool {
    var v4 = in_addr()
    var v6 = in6_addr()
    return inet_pton(AF_INET, text, &v4) == 1 || inet_pton(AF_INET6, text, &v6) == 1
  }

  /// Letters, digits, `-`, `_` and dots, within the bounds of DNS.
  private static func isHostName(_ text: Substring) -> Bool {
    guard (1...253).contains(text.utf8.count) else { return false }
    return text.split(separator: ".", omittingEmptySubsequences: false).enumerated().allSatisfy { index, label in
      if label.isEmpty { return index > 0 && label.endIndex == text.endIndex }
      return label.utf8.count <= 63 && label.first != "-"
        && label.utf8.allSatisfy {
          (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x2d
            || $0 == 0x5f
        }
    }
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension Substring {
  /// The first place where `text` stands.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
