import COpenSSL

/// Certificates and keys read out of PEM text.
enum Credentials {
  /// Largest PEM text read, in bytes. A certificate takes about 2 KB; this is room for every CA that systems ship.
  static let maximumBytes = 1 << 20
  /// Most certificates taken from one text; systems ship about 150 CAs.
  static let maximumCertificates = 512

  /// Every certificate in `pem`, at least one; blocks of another kind and text between blocks are passed over.
  static func certificates(in pem: [UInt8], source: String) throws(TLSError) -> [Certificate] {
    let bio = try reader(of: pem, source: source)
    var certificates: [Certificate] = []
    while let pointer = PEM_read_bio_X509(bio.pointer, nil, refusePassphrase, nil) {
      certificates.append(Certificate(owning: pointer))
      guard certificates.count <= maximumCertificates else {
        throw .credentials(source: source, .tooManyCertificates(limit: maximumCertificates))
      }
    }
    let last = ERR_peek_last_error()
    let failure = OpenSSLLibrary.takeErrors()
    guard ERR_GET_LIB(last) == ERR_LIB_PEM, ERR_GET_REASON(last) == PEM_R_NO_START_LINE else {
      throw .credentials(source: source, .malformed(reason: failure.text))
    }
    if certificates.isEmpty { throw .credentials(source: source, .noCertificate) }
    return certificates
  }

  /// The first private key in `pem`. An encrypted one is refused: nobody is there to be asked for the passphrase.
  static func privateKey(in pem: [UInt8], source: String) throws(TLSError) -> PrivateKey {
    let bio = try reader(of: pem, source: source)
    var passphraseWanted = false
    let pointer = withUnsafeMutablePointer(to: &passphraseWanted) {
      PEM_read_bio_PrivateKey(bio.pointer, nil, refusePassphrase, $0)
    }
    let failure = OpenSSLLibrary.takeErrors()
    if let pointer { return PrivateKey(owning: pointer) }
    if passphraseWanted { throw .credentials(source: source, .encryptedKey) }
    let hasKey = String(decoding: pem, as: UTF8.self).split(whereSeparator: \.isNewline)
      .contains { $0.hasSuffix("PRIVATE KEY-----") }
    throw .credentials(source: source, hasKey ? .malformed(reason: failure.text) : .noPrivateKey)
  }

  private static func reader(of pem: [UInt8], source: String) throws(TLSError) -> MemoryBIO {
    guard pem.count <= maximumBytes else { throw .credentials(source: source, .tooLarge(limit: maximumBytes)) }
    OpenSSLLibrary.clearErrors()
    guard let bio = MemoryBIO(reading: pem) else { throw .library(action: "read \(source)", reason: "out of memory") }
    return bio
  }
}

/// Stands in for OpenSSL's own callback, which would prompt on the terminal.
private func refusePassphrase(
  _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, wanted: UnsafeMutableRawPointer?
) -> Int32 {
  wanted?.assumingMemoryBound(to: Bool.self).pointee = true
  return -1
}

/// A private key, held by reference.
final class PrivateKey {
  let pointer: OpaquePointer

  /// Takes over the caller's reference to `pointer`.
  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { EVP_PKEY_free(pointer) }
}
