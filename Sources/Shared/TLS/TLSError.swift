import Glibc

/// Why something with TLS failed.
public enum TLSError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The certificates or the key given for a context cannot be used; `source` is the caller's name for them.
  case credentials(source: String, CredentialProblem)
  /// OpenSSL refused a call that does not depend on the peer.
  case library(action: String, reason: String)
  /// A client's name for its server is neither an IP address nor a host name.
  case invalidPeerName(String)
  /// The peer's certificate is not trusted.
  case untrusted(VerificationFailure)
  /// The peer ended the connection with a TLS alert (RFC 8446 section 6).
  case refusedByPeer(TLSAlert)
  /// The peer did not keep to the protocol, or both sides have nothing in common; `reason` is OpenSSL's number.
  case protocolFailure(during: TLSStage, reason: Int32, text: String)
  /// The stream ended without TLS's closing message: the peer died, or somebody cut the connection.
  case cutOff(during: TLSStage)
  /// The socket failed; `code` is errno.
  case socket(during: TLSStage, code: Int32)
  /// The connection was closed by this side.
  case closed

  public var description: String {
    switch self {
    case .credentials(let source, let problem): "cannot use \(source): \(problem)"
    case .library(let action, let reason): "cannot \(action): \(reason)"
    case .invalidPeerName(let name):
      "cannot verify a server by the name \"\(Self.printable(name))\": neither an IP address nor a host name"
    case .untrusted(let failure): failure.description
    case .refusedByPeer(let alert): alert.description
    case .protocolFailure(let stage, let reason, let text):
      "TLS \(stage) failed: \(text)\(TLSRemedy.forProtocolFailure(reason).map { "; \($0)" } ?? "")"
    case .cutOff(let stage):
      "TLS \(stage) failed: the connection ended without TLS's closing message; the peer died, or something "
        + "between cut the connection\(stage.refusalHint)"
    case .socket(let stage, let code):
      "TLS \(stage) failed: \(String(cString: strerror(code))) (errno \(code))\(stage.refusalHint)"
    case .closed: "the TLS connection was closed by this side"
    }
  }

  private static func printable(_ text: String) -> String {
    String(text.unicodeScalars.prefix(80).map { (" "..."~").contains($0) ? Character($0) : "?" })
  }
}

/// What a connection was doing when it failed.
public enum TLSStage: Equatable, Sendable, CustomStringConvertible {
  case handshake, read, write

  public var description: String {
    switch self {
    case .handshake: "handshake"
    case .read: "read"
    case .write: "write"
    }
  }

  /// In TLS 1.3 a client's handshake is over before the server has judged its certificate, and a server that hangs
  /// up at once can make the refusal itself get lost.
  fileprivate var refusalHint: String {
    "; where nothing was ever received, the peer may have refused this side's certificate (see the peer's log)"
  }
}

/// What is wrong with the certificates or the key given for a context.
public enum CredentialProblem: Equatable, Sendable, CustomStringConvertible {
  case tooLarge(limit: Int)
  case tooManyCertificates(limit: Int)
  case noCertificate
  case noPrivateKey
  case encryptedKey
  case malformed(reason: String)
  case keyMismatch(CertificateFacts)
  case refused(reason: String)

  public var description: String {
    switch self {
    case .tooLarge(let limit): "it is larger than \(limit) bytes, so hardly a file of certificates"
    case .tooManyCertificates(let limit): "it holds more than \(limit) certificates"
    case .noCertificate: "it holds no PEM certificate (a block that begins with -----BEGIN CERTIFICATE-----)"
    case .noPrivateKey:
      "it holds no PEM private key; append the key to the certificate, as in: cat cert.pem key.pem > both.pem"
    case .encryptedKey:
      "its private key is encrypted and nobody is there to give the passphrase; store it decrypted "
        + "(openssl pkey -in key.pem -out plain.pem), readable by the service's user alone"
    case .malformed(let reason): "its PEM cannot be decoded (\(reason)); it may be damaged or cut short"
    case .keyMismatch(let certificate):
      "its private key does not belong to its first certificate (\(certificate)); put the key's own certificate first"
    case .refused(let reason):
      "OpenSSL does not accept it (\(reason)); keys need 112 bits of security (RSA 2048, EC 224)"
    }
  }
}
