import COpenSSL
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
      "TLS \(stage) failed: \(text)\(Self.remedy(stage, reason).map { "; \($0)" } ?? "")"
    case .cutOff(let stage):
      "TLS \(stage) failed: the connection ended without TLS's closing message; the peer died, or something "
        + "between cut the connection\(stage.refusalHint)"
    case .socket(let stage, let code):
      "TLS \(stage) failed: \(String(cString: strerror(code))) (errno \(code))\(stage.refusalHint)"
    case .closed: "the TLS connection was closed by this side"
    }
  }

  /// What a person can do about a protocol failure that OpenSSL tells by number.
  private static func remedy(_ stage: TLSStage, _ reason: Int32) -> String? {
    guard stage == .handshake else { return nil }
    return switch reason {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      "both sides must present a certificate: configure one at the peer"
    case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_UNKNOWN_PROTOCOL, SSL_R_VERSION_TOO_LOW:
      "the peer must speak TLS 1.2 or later"
    case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG:
      "the peer does not seem to speak TLS: check address and port"
    case SSL_R_NO_SHARED_CIPHER:
      "TLS 1.2 peers need ECDHE with AES-GCM or ChaCha20-Poly1305"
    default: nil
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
