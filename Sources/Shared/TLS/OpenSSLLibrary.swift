import COpenSSL

/// What concerns the OpenSSL library as a whole: its start and its queue of errors (one per thread).
package enum OpenSSLLibrary {
  /// Starts the library once. Its configuration file is not read: it can load code and lower the protocol's limits.
  package static let isReady: Bool =
    OPENSSL_init_ssl(
      UInt64(OPENSSL_INIT_NO_LOAD_CONFIG) | UInt64(OPENSSL_INIT_LOAD_SSL_STRINGS)
        | UInt64(OPENSSL_INIT_LOAD_CRYPTO_STRINGS), nil) == 1

  /// Empties the queue, so that what stands in it afterwards belongs to the next call.
  package static func clearErrors() { ERR_clear_error() }

  /// Takes everything out of the queue.
  package static func takeErrors() -> OpenSSLFailure {
    var failure = OpenSSLFailure()
    while true {
      let code = ERR_get_error()
      if code == 0 { return failure }
      failure.add(code)
    }
  }
}

/// What OpenSSL's queue of errors held after a call that failed.
package struct OpenSSLFailure: Equatable, Sendable {
  /// Reasons kept of one failure; OpenSSL pushes one for each layer that the failure passed.
  private static let maximumReasons = 3

  /// Reason number of the first error that the SSL part of the library reported; 0 when there was none.
  package private(set) var sslReason: Int32 = 0
  private var reasons: [String] = []

  package var text: String { reasons.isEmpty ? "OpenSSL gave no reason" : reasons.joined(separator: "; ") }

  fileprivate mutating func add(_ code: UInt) {
    if sslReason == 0, ERR_GET_LIB(code) == ERR_LIB_SSL { sslReason = ERR_GET_REASON(code) }
    guard reasons.count < Self.maximumReasons else { return }
    let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
    if !reasons.contains(reason) { reasons.append(reason) }
  }
}

extension TLSContext {
  /// The OpenSSL that is loaded, as it names itself.
  public static var libraryVersion: String { String(cString: OpenSSL_version(OPENSSL_VERSION)) }
}
