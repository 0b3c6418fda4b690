import COpenSSL

/// Why a peer's certificate is not trusted.
public struct VerificationFailure: Equatable, Sendable, CustomStringConvertible {
  /// OpenSSL's verification result (X509_V_ERR_..., see openssl-verification-options).
  public let code: Int32
  /// The certificate at fault, which may be one further up the chain.
  public let certificate: CertificateFacts
  /// Its place in the chain; 0 is the peer's own certificate.
  public let depth: Int
  /// The name that the certificate was checked against; nil where a server verifies a client.
  public let peerName: String?

  /// OpenSSL's text for `code`.
  public var reason: String { String(cString: X509_verify_cert_error_string(Int(code))) }

  public var description: String {
    "cannot trust \(peerName.map { "server \($0)" } ?? "the client"): \(reason) (OpenSSL verify error \(code), "
      + "at depth \(depth): \(certificate)); \(remedy)"
  }

  private var remedy: String {
    switch code {
    case X509_V_ERR_CERT_HAS_EXPIRED: "renew that certificate, or correct this machine's clock"
    case X509_V_ERR_CERT_NOT_YET_VALID: "correct the clock of this machine or of the one that issued the certificate"
    case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
      "the certificate is made out for "
        + (certificate.alternativeNames.isEmpty ? "no name" : certificate.alternativeNames)
        + ": connect by one of its names, or issue it with this one as a subject alternative name"
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      "its issuer is not among this side's authorities: add the issuer's certificate to the CA file if you trust it"
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      "an authority of the same name but with another key signed it: "
        + "put the authority's current certificate into the CA file"
    default: "issue a certificate that OpenSSL accepts (openssl verify tells the same reason)"
    }
  }
}
