import COpenSSL
import Glibc

/// How far a handshake is.
public enum TLSProgress: Equatable, Sendable {
  case done
  /// Call again when the descriptor is readable, or writable.
  case wantsRead, wantsWrite
}

/// What a read gave.
public enum TLSReadResult: Equatable, Sendable {
  /// So many bytes, at least one unless the buffer was empty.
  case bytes(Int)
  /// Nothing yet: call again when the descriptor is readable, or writable.
  case wantsRead, wantsWrite
  /// The peer closed the connection in due form.
  case closed
}

/// What a write did.
public enum TLSWriteResult: Equatable, Sendable {
  /// So many bytes of the front were taken, at least one unless there were none.
  case bytes(Int)
  /// Not done yet: call again, with the same bytes in front and no fewer, when the descriptor is readable, or writable.
  case wantsRead, wantsWrite
}

/// One TLS connection over a connected, non-blocking stream socket that the caller owns and watches.
///
/// No call blocks. An error is final: every later call throws it again. The process must ignore SIGPIPE, since OpenSSL
/// writes with `write(2)`. Drop the connection, or `close()` it, before its descriptor is closed.
///
/// `wantsRead` means that the socket has run dry, so that both level- and edge-triggered waiting work. A caller that
/// stops reading earlier must look at `pendingBytes`: those are here already, and the socket will not tell of them.
public final class TLSConnection {
  /// Bytes that one record carries at most (RFC 8446 section 5.1). Of more, OpenSSL tells no progress while the socket
  /// is congested.
  private static let maximumRecord = 1 << 14

  private let ssl: OpaquePointer
  private let peerName: PeerName?
  private var failure: TLSError?
  private var verificationFailure: VerificationFailure?
  private var isEstablished = false

  /// - Parameters:
  ///   - descriptor: stays the caller's, who closes it after this connection is done with.
  ///   - peerName: for a client, the host name or IP address that the server's certificate must be made out for
  ///     (a host name is sent as SNI too); for a server, nil.
  public init(context: TLSContext, descriptor: Int32, peerName: String? = nil) throws(TLSError) {
    let name = peerName.flatMap(PeerName.init)
    // A client without a name would take any server's certificate.
    if context.side == .client || peerName != nil, name == nil { throw .invalidPeerName(peerName ?? "") }
    OpenSSLLibrary.clearErrors()
    guard let ssl = SSL_new(context.pointer) else {
      throw .library(action: "make a TLS connection", reason: OpenSSLLibrary.takeErrors().text)
    }
    self.ssl = ssl
    self.peerName = name
    guard SSL_set_fd(ssl, descriptor) == 1,
      SSL_set_ex_data(ssl, Self.ownerSlot, Unmanaged.passUnretained(self).toOpaque()) == 1,
      name.map({ Self.expect($0, on: ssl) }) ?? true
    else { throw .library(action: "set up a TLS connection", reason: OpenSSLLibrary.takeErrors().text) }
    switch context.side {
    case .client: SSL_set_connect_state(ssl)
    case .server: SSL_set_accept_state(ssl)
    }
  }

  deinit { SSL_free(ssl) }

  // MARK: Transfer

  /// Goes on with the handshake until it is done; the peer is verified then.
  public func handshake() throws(TLSError) -> TLSProgress {
    switch try perform(.handshake, { SSL_do_handshake(ssl) }) {
    case .success:
      isEstablished = true
      return .done
    case .wantsRead: return .wantsRead
    case .wantsWrite: return .wantsWrite
    case .closed: throw fail(.cutOff(during: .handshake))
    }
  }

  /// Reads into the front of `buffer`, as many bytes as are there and have room.
  public func read(into buffer: inout [UInt8]) throws(TLSError) -> TLSReadResult {
    if buffer.isEmpty { return .bytes(0) }
    var count = 0
    let outcome = try perform(.read) {
      buffer.withUnsafeMutableBytes { SSL_read_ex(ssl, $0.baseAddress, $0.count, &count) }
    }
    switch outcome {
    case .success: return .bytes(count)
    case .wantsRead: return .wantsRead
    case .wantsWrite: return .wantsWrite
    case .closed: return .closed
    }
  }

  /// Writes from the front of `bytes` what one TLS record holds, if the socket takes it.
  public func write(_ bytes: ArraySlice<UInt8>) throws(TLSError) -> TLSWriteResult {
    if bytes.isEmpty { return .bytes(0) }
    var count = 0
    let record = bytes.prefix(Self.maximumRecord)
    let outcome = try perform(.write) {
      record.withUnsafeBytes { SSL_write_ex(ssl, $0.baseAddress, $0.count, &count) }
    }
    switch outcome {
    case .success: return .bytes(count)
    case .wantsRead: return .wantsRead
    case .wantsWrite: return .wantsWrite
    case .closed: throw fail(.cutOff(during: .write))
    }
  }

  /// Bytes that were decrypted and not yet read.
  public var pendingBytes: Int { Int(SSL_pending(ssl)) }

  /// Tells the peer that this side is done, as far as the socket takes it at once, and ends the use of the descriptor.
  public func close() {
    if failure == nil, isEstablished {
      SSL_shutdown(ssl)
      OpenSSLLibrary.clearErrors()
    }
    failure = .closed
  }

  // MARK: The peer

  /// The roles that the peer's certificate backs; none before the handshake is done.
  public var peerRoles: CertificateRoles { peerCertificate?.roles ?? [] }

  /// The peer's certificate; nil before the handshake is done.
  public var peerFacts: CertificateFacts? { peerCertificate?.facts }

  /// Protocol version and cipher, as in `TLSv1.3 TLS_AES_256_GCM_SHA384`.
  public var negotiated: String {
    "\(String(cString: SSL_get_version(ssl))) \(String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))))"
  }

  private var peerCertificate: Certificate? {
    guard isEstablished else { return nil }
    return SSL_get1_peer_certificate(ssl).map(Certificate.init(owning:))
  }

  // MARK: OpenSSL's results

  private enum Outcome { case success, wantsRead, wantsWrite, closed }

  private func perform(_ stage: TLSStage, _ operation: () -> Int32) throws(TLSError) -> Outcome {
    if let failure { throw failure }
    OpenSSLLibrary.clearErrors()
    errno = 0
    let result = operation()
    let systemError = errno
    let kind = SSL_get_error(ssl, result)
    let errors = OpenSSLLibrary.takeErrors()
    switch kind {
    case SSL_ERROR_NONE: return .success
    case SSL_ERROR_WANT_READ: return .wantsRead
    case SSL_ERROR_WANT_WRITE: return .wantsWrite
    case SSL_ERROR_ZERO_RETURN: return .closed
    case SSL_ERROR_SYSCALL:
      throw fail(systemError == 0 ? .cutOff(during: stage) : .socket(during: stage, code: systemError))
    default:
      if let verificationFailure { throw fail(.untrusted(verificationFailure)) }
      if let alert = TLSAlert(sslReason: errors.sslReason) { throw fail(.refusedByPeer(alert)) }
      if errors.sslReason == SSL_R_UNEXPECTED_EOF_WHILE_READING { throw fail(.cutOff(during: stage)) }
      throw fail(.protocolFailure(during: stage, reason: errors.sslReason, text: errors.text))
    }
  }

  private func fail(_ error: TLSError) -> TLSError {
    failure = error
    return error
  }

  // MARK: Verification

  /// OpenSSL keeps this slot of an SSL for the application (SSL_set_app_data).
  private static let ownerSlot: Int32 = 0

  private static func expect(_ name: PeerName, on ssl: OpaquePointer) -> Bool {
    switch name {
    case .address(let text): return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), text) == 1
    case .host(let text):
      let isNamed = text.withCString {
        SSL_ctrl(
          ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), UnsafeMutableRawPointer(mutating: $0)) == 1
      }
      return isNamed && SSL_set1_host(ssl, text) == 1
    }
  }

  /// Keeps what the message needs: OpenSSL has let go of the certificate at fault when the handshake returns.
  fileprivate func noteFailure(of verification: OpaquePointer) {
    guard let certificate = X509_STORE_CTX_get_current_cert(verification) ?? X509_STORE_CTX_get0_cert(verification)
    else { return }
    verificationFailure = VerificationFailure(
      code: X509_STORE_CTX_get_error(verification), certificate: Certificate(borrowing: certificate).facts,
      depth: Int(X509_STORE_CTX_get_error_depth(verification)), peerName: peerName?.text)
  }

  fileprivate static func owner(of verification: OpaquePointer) -> TLSConnection? {
    guard let ssl = X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()),
      let owner = SSL_get_ex_data(OpaquePointer(ssl), ownerSlot)
    else { return nil }
    return Unmanaged<TLSConnection>.fromOpaque(owner).takeUnretainedValue()
  }
}

/// OpenSSL's verify callback, called for each step of a verification, during a handshake only. It changes no verdict.
func noteVerificationStep(isTrusted: Int32, verification: OpaquePointer?) -> Int32 {
  if isTrusted == 0, let verification { TLSConnection.owner(of: verification)?.noteFailure(of: verification) }
  return isTrusted
}
