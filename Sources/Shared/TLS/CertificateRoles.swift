import COpenSSL

/// The SSNTP roles that a certificate backs, one extended key usage for each; the raw value is SSNTP's role mask.
public struct CertificateRoles: OptionSet, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let server = CertificateRoles(rawValue: 0x1)
  public static let controller = CertificateRoles(rawValue: 0x2)
  public static let agent = CertificateRoles(rawValue: 0x4)
  public static let scheduler = CertificateRoles(rawValue: 0x8)
  public static let networkAgent = CertificateRoles(rawValue: 0x10)
  public static let cnciAgent = CertificateRoles(rawValue: 0x20)

  /// Every role with its object identifier and its name for people. Source: SSNTP, arc 1.3.6.1.4.1.343.8.
  package static let table: [(role: CertificateRoles, objectIdentifier: String, name: String)] = [
    (.agent, "1.3.6.1.4.1.343.8.1", "agent"),
    (.scheduler, "1.3.6.1.4.1.343.8.2", "scheduler"),
    (.controller, "1.3.6.1.4.1.343.8.3", "controller"),
    (.networkAgent, "1.3.6.1.4.1.343.8.4", "network agent"),
    (.server, "1.3.6.1.4.1.343.8.5", "server"),
    (.cnciAgent, "1.3.6.1.4.1.343.8.6", "CNCI agent"),
  ]

  /// The role names joined by `, `; `no role` when there is none.
  public var description: String {
    let names = Self.table.filter { contains($0.role) }.map(\.name)
    return names.isEmpty ? "no role" : names.joined(separator: ", ")
  }

  /// The roles among a certificate's extended key usages; other usages are passed over.
  init(of certificate: OpaquePointer) {
    self = []
    guard let usages = OpaquePointer(X509_get_ext_d2i(certificate, NID_ext_key_usage, nil, nil)) else { return }
    defer { EXTENDED_KEY_USAGE_free(usages) }
    for index in 0..<max(0, OPENSSL_sk_num(usages)) {
      guard let usage = OpaquePointer(OPENSSL_sk_value(usages, index)) else { continue }
      let identifier = Self.dottedText(of: usage)
      for entry in Self.table where entry.objectIdentifier == identifier { insert(entry.role) }
    }
  }

  /// An object identifier as `1.3.6...`, cut off (so equal to no role's) where it is longer than any role's.
  private static func dottedText(of identifier: OpaquePointer) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      guard let start = buffer.baseAddress, OBJ_obj2txt(start, Int32(buffer.count), identifier, 1) > 0 else {
        return ""
      }
      return String(cString: start)
    }
  }
}
