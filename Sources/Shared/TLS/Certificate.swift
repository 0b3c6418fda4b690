import COpenSSL

/// One X.509 certificate, held by reference, with what people and the role check want to know of it.
final class Certificate {
  /// Bytes of a name or of a list of names that are shown; a peer's certificate may hold far longer ones.
  private static let maximumTextLength = 400

  let pointer: OpaquePointer

  /// Takes over the caller's reference to `pointer`.
  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  /// Takes a reference of its own.
  init(borrowing pointer: OpaquePointer) {
    X509_up_ref(pointer)
    self.pointer = pointer
  }

  deinit { X509_free(pointer) }

  var roles: CertificateRoles { CertificateRoles(of: pointer) }

  var facts: CertificateFacts {
    CertificateFacts(
      subject: text { X509_NAME_print_ex($0, X509_get_subject_name(pointer), 0, COPENSSL_NAME_RFC2253) },
      issuer: text { X509_NAME_print_ex($0, X509_get_issuer_name(pointer), 0, COPENSSL_NAME_RFC2253) },
      validFrom: dateText(X509_get0_notBefore(pointer)),
      validUntil: dateText(X509_get0_notAfter(pointer)),
      alternativeNames: alternativeNames)
  }

  var isExpired: Bool { X509_cmp_current_time(X509_get0_notAfter(pointer)) < 0 }

  var isNotYetValid: Bool { X509_cmp_current_time(X509_get0_notBefore(pointer)) > 0 }

  /// The subject alternative names as OpenSSL prints them (`DNS:a, IP Address:127.0.0.1`); empty where there are none.
  private var alternativeNames: String {
    let index = X509_get_ext_by_NID(pointer, NID_subject_alt_name, -1)
    guard index >= 0, let names = X509_get_ext(pointer, index) else { return "" }
    return text { X509V3_EXT_print($0, names, 0, 0) }
  }

  private func dateText(_ time: UnsafePointer<ASN1_TIME>?) -> String {
    text { ASN1_TIME_print_ex($0, time, UInt(ASN1_DTFLGS_ISO8601)) }
  }

  private func text(_ print: (OpaquePointer) -> Int32) -> String {
    guard let bio = MemoryBIO() else { return "" }
    _ = print(bio.pointer)
    return bio.takeText(atMost: Self.maximumTextLength)
  }
}

/// What is told of a certificate in messages. The texts are printable ASCII of bounded length.
public struct CertificateFacts: Equatable, Sendable, CustomStringConvertible {
  public let subject: String
  public let issuer: String
  /// First and last moment of validity, ISO 8601 in UTC.
  public let validFrom: String
  public let validUntil: String
  /// As in `DNS:scheduler.example, IP Address:192.0.2.1`; empty where the certificate names none.
  public let alternativeNames: String

  public var description: String {
    "certificate \"\(subject)\" issued by \"\(issuer)\", valid from \(validFrom) until \(validUntil)"
  }
}
