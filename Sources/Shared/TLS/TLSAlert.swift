import COpenSSL

/// A fatal alert that the peer sent.
public struct TLSAlert: Equatable, Sendable, CustomStringConvertible {
  /// Number of the alert. Source: RFC 8446 section 6, IANA's TLS alert registry.
  public let code: UInt8

  /// The name that OpenSSL has for the alert, as in `unknown CA`.
  public var name: String { String(cString: SSL_alert_desc_string_long(Int32(code))) }

  /// OpenSSL reports an alert that it received as error reason 1000 + code.
  init?(sslReason: Int32) {
    guard let code = UInt8(exactly: sslReason - SSL_AD_REASON_OFFSET) else { return nil }
    self.code = code
  }

  public var description: String {
    "the peer refused the TLS connection with alert \(code) (\(name))\(remedy.map { "; \($0)" } ?? "")"
  }

  private var remedy: String? {
    switch Int32(code) {
    case SSL_AD_CERTIFICATE_EXPIRED:
      "this side's certificate is expired by the peer's clock: renew it, or correct the clocks"
    case SSL_AD_UNKNOWN_CA:
      "the peer does not know the authority that issued this side's certificate: add it to the peer's CA file"
    case SSL_AD_BAD_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_CERTIFICATE_REVOKED:
      "the peer does not accept this side's certificate: see the peer's log, and check issuer, dates and key usage"
    case SSL_AD_CERTIFICATE_REQUIRED: "the peer got no certificate from this side"
    case SSL_AD_PROTOCOL_VERSION: "the peer does not speak TLS 1.2 or later"
    case SSL_AD_HANDSHAKE_FAILURE: "the two sides have no cipher in common, or the peer got no certificate"
    default: nil
    }
  }
}
