import COpenSSL
import Glibc

/// The settings, the trusted authorities and the identity that connections of one side share.
///
/// Mutual TLS 1.2 or 1.3. The peer's chain, dates and (for a client) host name are verified; its extended key usage
/// is not, since SSNTP certificates carry "any" and the role OIDs only: judge `TLSConnection.peerRoles` instead.
/// Everything comes from memory; no file is opened. Not for use by several threads at once.
public final class TLSContext {
  enum Side { case client, server }

  /// TLS 1.2 suites: forward secrecy and authenticated encryption only. Those of TLS 1.3 are all of that kind.
  private static let cipherList = "ECDHE+AESGCM:ECDHE+CHACHA20"
  /// 112 bits: RSA 2048, SHA-256. Source: SSL_CTX_set_security_level(3).
  private static let securityLevel: Int32 = 2
  /// Intermediate authorities between a certificate and a trusted one.
  private static let maximumDepth: Int32 = 8

  let pointer: OpaquePointer
  let side: Side
  private let identity: Certificate

  /// A context for connections to a server.
  /// - Parameters:
  ///   - authorities: PEM text; every certificate in it is trusted as an issuer and as a peer itself, so a server's
  ///     own self-signed certificate will do.
  ///   - identity: PEM text: this side's certificate, intermediates if any, and the private key.
  ///   - authoritiesName, identityName: what error messages call them, the paths of the files as a rule.
  public static func client(
    authorities: [UInt8], identity: [UInt8], authoritiesName: String = "the CA file",
    identityName: String = "the certificate file"
  ) throws(TLSError) -> TLSContext {
    try TLSContext(.client, authorities, identity, authoritiesName, identityName)
  }

  /// A context for connections from clients, each of which must present a certificate. Parameters as for `client`.
  public static func server(
    authorities: [UInt8], identity: [UInt8], authoritiesName: String = "the CA file",
    identityName: String = "the certificate file"
  ) throws(TLSError) -> TLSContext {
    try TLSContext(.server, authorities, identity, authoritiesName, identityName)
  }

  private init(
    _ side: Side, _ authorities: [UInt8], _ identity: [UInt8], _ authoritiesName: String, _ identityName: String
  ) throws(TLSError) {
    guard OpenSSLLibrary.isReady else {
      throw .library(action: "start OpenSSL", reason: OpenSSLLibrary.takeErrors().text)
    }
    let trusted = try Credentials.certificates(in: authorities, source: authoritiesName)
    let chain = try Credentials.certificates(in: identity, source: identityName)
    let key = try Credentials.privateKey(in: identity, source: identityName)
    guard let own = chain.first, let context = SSL_CTX_new(side == .client ? TLS_client_method() : TLS_server_method())
    else { throw .library(action: "make a TLS context", reason: OpenSSLLibrary.takeErrors().text) }
    pointer = context
    self.side = side
    self.identity = own
    try setProtocol()
    try setVerification(trusted, source: authoritiesName)
    try setIdentity(chain, key, source: identityName)
  }

  deinit { SSL_CTX_free(pointer) }

  /// The roles that this side's own certificate backs.
  public var identityRoles: CertificateRoles { identity.roles }

  /// This side's own certificate.
  public var identityFacts: CertificateFacts { identity.facts }

  /// A sentence for the log while this side's own certificate is out of its validity, by this machine's clock.
  ///
  /// It is no error: the peer's clock decides, and this machine's may be wrong until it is set after booting.
  public var identityWarning: String? {
    if identity.isExpired {
      return "this side's own certificate has expired, peers will refuse it: \(identity.facts); renew it"
    }
    if identity.isNotYetValid {
      return "this side's own certificate is not valid yet, peers may refuse it: \(identity.facts); check the clock"
    }
    return nil
  }

  private func setProtocol() throws(TLSError) {
    // TLS 1.2 peers cannot renegotiate, and no session outlives its connection: each one verifies its peer anew.
    SSL_CTX_set_options(
      pointer,
      COPENSSL_OP_NO_RENEGOTIATION | COPENSSL_OP_NO_COMPRESSION | COPENSSL_OP_NO_TICKET
        | COPENSSL_OP_CIPHER_SERVER_PREFERENCE)
    SSL_CTX_ctrl(pointer, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
    // A write sends what the socket takes, and may be tried again from another buffer. The chain sent is the one given.
    SSL_CTX_ctrl(
      pointer, SSL_CTRL_MODE,
      Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN), nil)
    SSL_CTX_set_security_level(pointer, Self.securityLevel)
    guard SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil) == 1,
      SSL_CTX_set_num_tickets(pointer, 0) == 1, SSL_CTX_set_cipher_list(pointer, Self.cipherList) == 1
    else { throw .library(action: "set up TLS", reason: OpenSSLLibrary.takeErrors().text) }
  }

  private func setVerification(_ trusted: [Certificate], source: String) throws(TLSError) {
    SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, noteVerificationStep)
    SSL_CTX_set_verify_depth(pointer, Self.maximumDepth)
    let parameters = SSL_CTX_get0_param(pointer)
    let store = SSL_CTX_get_cert_store(pointer)
    // The role takes the purpose's place, and any certificate in the CA file ends a chain, self-signed or not.
    guard X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY) == 1,
      X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN)) == 1
    else { throw .library(action: "set up verification", reason: OpenSSLLibrary.takeErrors().text) }
    X509_VERIFY_PARAM_set_hostflags(
      parameters, UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
    for certificate in trusted {
      guard X509_STORE_add_cert(store, certificate.pointer) == 1 else {
        throw .credentials(source: source, .refused(reason: OpenSSLLibrary.takeErrors().text))
      }
    }
  }

  private func setIdentity(_ chain: [Certificate], _ key: PrivateKey, source: String) throws(TLSError) {
    guard X509_check_private_key(identity.pointer, key.pointer) == 1 else {
      OpenSSLLibrary.clearErrors()
      throw .credentials(source: source, .keyMismatch(identity.facts))
    }
    var accepted =
      SSL_CTX_use_certificate(pointer, identity.pointer) == 1 && SSL_CTX_use_PrivateKey(pointer, key.pointer) == 1
    for intermediate in chain.dropFirst() where accepted {
      let addReference = 1
      accepted =
        SSL_CTX_ctrl(pointer, SSL_CTRL_CHAIN_CERT, addReference, UnsafeMutableRawPointer(intermediate.pointer)) == 1
    }
    guard accepted else { throw .credentials(source: source, .refused(reason: OpenSSLLibrary.takeErrors().text)) }
  }
}
