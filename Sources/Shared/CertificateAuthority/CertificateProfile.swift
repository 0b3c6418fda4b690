import TLS

/// What a throw-away certificate shall say.
public struct CertificateProfile: Sendable {
  public var commonName: String
  /// Each becomes an extended key usage of its own, beside `anyExtendedKeyUsage`.
  public var roles: CertificateRoles
  /// Host names and IP addresses, for the subject alternative names.
  public var names: [String]
  public var validity: CertificateValidity
  /// Whether it may issue other certificates.
  public var isAuthority: Bool

  public init(
    commonName: String, roles: CertificateRoles = [], names: [String] = [],
    validity: CertificateValidity = .month, isAuthority: Bool = false
  ) {
    self.commonName = commonName
    self.roles = roles
    self.names = names
    self.validity = validity
    self.isAuthority = isAuthority
  }
}

/// When a certificate is valid, in seconds from the moment at which it is made.
public struct CertificateValidity: Sendable {
  public var from: Int
  public var until: Int

  public init(from: Int, until: Int) {
    self.from = from
    self.until = until
  }

  /// 30 days, begun five minutes ago for peers whose clock is a little slow.
  public static let month = CertificateValidity(from: -5 * 60, until: 30 * 24 * 60 * 60)
}

/// A certificate and its private key.
public struct IssuedCertificate: Sendable {
  public let certificatePEM: [UInt8]
  /// PKCS #8, not encrypted.
  public let privateKeyPEM: [UInt8]

  /// Both in one text, certificate first, as `TLSContext` takes them.
  public var identityPEM: [UInt8] { certificatePEM + privateKeyPEM }
}

/// Why a certificate could not be made.
public enum CertificateAuthorityError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Neither an IP address nor a host name.
  case invalidName(String)
  /// OpenSSL refused a step.
  case refused(step: String, reason: String)

  public var description: String {
    switch self {
    case .invalidName(let name): "cannot issue a certificate for \"\(name)\": neither an IP address nor a host name"
    case .refused(let step, let reason): "cannot make a certificate: \(step) failed: \(reason)"
    }
  }
}
