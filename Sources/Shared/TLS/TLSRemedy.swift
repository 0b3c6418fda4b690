import COpenSSL

/// What a person can do about failures that OpenSSL tells by number.
enum TLSRemedy {
  static func forProtocolFailure(_ reason: Int32) -> String? {
    switch reason {
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
}
