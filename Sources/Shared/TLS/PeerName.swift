import Glibc

/// The name or address by which a client knows its server, checked against the server's certificate.
package enum PeerName: Equatable, Sendable {
  case address(String)
  case host(String)

  /// Longest host name, in bytes. Source: RFC 1035 section 2.3.4, without the root's length byte and dot.
  private static let maximumLength = 253

  /// nil unless `text` is an IPv4 or IPv6 address in its plain form, or a host name of letters, digits, `-`, `_`
  /// and `.`. A dot at the end is dropped. A dot at the front is refused: OpenSSL would take any subdomain then.
  package init?(_ text: String) {
    var storage = in6_addr()
    if !text.utf8.contains(0), inet_pton(AF_INET, text, &storage) == 1 || inet_pton(AF_INET6, text, &storage) == 1 {
      self = .address(text)
      return
    }
    let name = text.utf8.last == UInt8(ascii: ".") ? text.utf8.dropLast() : text.utf8[...]
    guard (1...Self.maximumLength).contains(name.count), name.first != UInt8(ascii: ".") else { return nil }
    for byte in name {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        continue
      default:
        return nil
      }
    }
    self = .host(String(Substring(name)))
  }

  package var text: String {
    switch self {
    case .address(let text), .host(let text): text
    }
  }
}
