import COpenSSL
import TLS

/// A certificate authority for development and tests: it lives in memory and is thrown away with its keys (EC P-256).
public final class CertificateAuthority {
  /// The authority's own, self-signed certificate and its key.
  public let identity: IssuedCertificate
  private let certificate: OpaquePointer
  private let key: OpaquePointer

  /// - Parameter profile: what the authority's own certificate says. With roles and names it is at once a server's
  ///   certificate; with `isAuthority` false it can issue nothing that a peer would believe.
  public init(
    _ profile: CertificateProfile = CertificateProfile(commonName: "throw-away authority", isAuthority: true)
  ) throws(CertificateAuthorityError) {
    let newKey = try Self.makeKey()
    let ownCertificate: OpaquePointer
    do {
      ownCertificate = try Self.makeCertificate(profile, key: newKey, issuer: nil)
    } catch {
      EVP_PKEY_free(newKey)
      throw error
    }
    certificate = ownCertificate
    key = newKey
    identity = try Self.pem(of: ownCertificate, newKey)
  }

  deinit {
    X509_free(certificate)
    EVP_PKEY_free(key)
  }

  /// The authority's certificate, for a peer's CA file.
  public var certificatePEM: [UInt8] { identity.certificatePEM }

  /// Makes a certificate with a new key, signed by this authority.
  public func issue(_ profile: CertificateProfile) throws(CertificateAuthorityError) -> IssuedCertificate {
    let newKey = try Self.makeKey()
    defer { EVP_PKEY_free(newKey) }
    let issued = try Self.makeCertificate(profile, key: newKey, issuer: (certificate, key))
    defer { X509_free(issued) }
    return try Self.pem(of: issued, newKey)
  }

  // MARK: Steps

  /// `issuer` nil makes it self-signed.
  private static func makeCertificate(
    _ profile: CertificateProfile, key: OpaquePointer, issuer: (certificate: OpaquePointer, key: OpaquePointer)?
  ) throws(CertificateAuthorityError) -> OpaquePointer {
    let certificate = try made("X509_new", X509_new())
    do {
      try check("set the version", X509_set_version(certificate, Int(X509_VERSION_3)))
      try setSerial(of: certificate)
      try check(
        "set the subject",
        X509_NAME_add_entry_by_NID(
          X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8, profile.commonName, -1, -1, 0))
      let issuerName = X509_get_subject_name(issuer?.certificate ?? certificate)
      try check("set the issuer", X509_set_issuer_name(certificate, issuerName))
      try check(
        "set the dates",
        X509_gmtime_adj(X509_getm_notBefore(certificate), profile.validity.from) != nil
          && X509_gmtime_adj(X509_getm_notAfter(certificate), profile.validity.until) != nil)
      try check("set the public key", X509_set_pubkey(certificate, key))
      for (identifier, value) in try extensions(of: profile) {
        try addExtension(identifier, value, to: certificate, issuer: issuer?.certificate ?? certificate)
      }
      try check("sign", X509_sign(certificate, issuer?.key ?? key, EVP_sha256()))
    } catch {
      X509_free(certificate)
      throw error
    }
    return certificate
  }

  private static func extensions(
    of profile: CertificateProfile
  ) throws(CertificateAuthorityError) -> [(Int32, String)] {
    var usages = ["anyExtendedKeyUsage"]
    for entry in CertificateRoles.table where profile.roles.contains(entry.role) {
      usages.append(entry.objectIdentifier)
    }
    var extensions = [
      (NID_basic_constraints, profile.isAuthority ? "critical,CA:TRUE" : "critical,CA:FALSE"),
      (
        NID_key_usage,
        profile.isAuthority ? "critical,digitalSignature,keyCertSign,cRLSign" : "critical,digitalSignature"
      ),
      (NID_ext_key_usage, usages.joined(separator: ",")),
      (NID_subject_key_identifier, "hash"),
      (NID_authority_key_identifier, "keyid"),
    ]
    var names: [String] = []
    for text in profile.names {
      // A name that passes holds no comma, so it cannot add an entry of its own.
      switch PeerName(text) {
      case .address(let address)?: names.append("IP:\(address)")
      case .host(let host)?: names.append("DNS:\(host)")
      case nil: throw .invalidName(text)
      }
    }
    if !names.isEmpty { extensions.append((NID_subject_alt_name, names.joined(separator: ","))) }
    return extensions
  }

  private static func addExtension(
    _ identifier: Int32, _ value: String, to certificate: OpaquePointer, issuer: OpaquePointer
  ) throws(CertificateAuthorityError) {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, issuer, certificate, nil, nil, 0)
    let made = try made("make extension \(value)", X509V3_EXT_conf_nid(nil, &context, identifier, value))
    defer { X509_EXTENSION_free(made) }
    try check("add extension \(value)", X509_add_ext(certificate, made, -1))
  }

  /// 127 random bits: positive and within the 20 bytes that RFC 5280 section 4.1.2.2 allows.
  private static func setSerial(of certificate: OpaquePointer) throws(CertificateAuthorityError) {
    let number = try made("BN_new", BN_new())
    defer { BN_free(number) }
    try check("draw a serial number", BN_rand(number, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY))
    try check(
      "set the serial number", BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil)
  }

  private static func makeKey() throws(CertificateAuthorityError) -> OpaquePointer {
    guard OpenSSLLibrary.isReady else { throw refusal("start OpenSSL") }
    OpenSSLLibrary.clearErrors()
    let generator = try made("prepare a key", EVP_PKEY_CTX_new_from_name(nil, "EC", nil))
    defer { EVP_PKEY_CTX_free(generator) }
    try check("prepare a key", EVP_PKEY_keygen_init(generator))
    try check("choose P-256", EVP_PKEY_CTX_set_group_name(generator, "P-256"))
    var key: OpaquePointer?
    try check("generate a key", EVP_PKEY_generate(generator, &key))
    return try made("generate a key", key)
  }

  private static func pem(of certificate: OpaquePointer, _ key: OpaquePointer) throws(CertificateAuthorityError)
    -> IssuedCertificate
  {
    try IssuedCertificate(
      certificatePEM: pem { PEM_write_bio_X509($0, certificate) },
      privateKeyPEM: pem { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) })
  }

  private static func pem(_ write: (OpaquePointer) -> Int32) throws(CertificateAuthorityError) -> [UInt8] {
    // In bytes; a certificate with a few names takes 1 KB.
    let maximumLength = 1 << 20
    guard let bio = MemoryBIO() else { throw refusal("write PEM") }
    try check("write PEM", write(bio.pointer))
    return bio.take(atMost: maximumLength)
  }

  // MARK: OpenSSL's results

  private static func check(_ step: String, _ result: Int32) throws(CertificateAuthorityError) {
    try check(step, result > 0)
  }

  private static func check(_ step: String, _ isDone: Bool) throws(CertificateAuthorityError) {
    if !isDone { throw refusal(step) }
  }

  private static func made(
    _ step: String, _ pointer: OpaquePointer?
  ) throws(CertificateAuthorityError) -> OpaquePointer {
    guard let pointer else { throw refusal(step) }
    return pointer
  }

  private static func refusal(_ step: String) -> CertificateAuthorityError {
    .refused(step: step, reason: OpenSSLLibrary.takeErrors().text)
  }
}
