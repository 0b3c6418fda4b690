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
