import CertificateAuthority
import Testing

@testable import TLS

@Suite struct CredentialTests {
  private let cluster: Cluster
  private let authorities: [UInt8]

  init() throws {
    cluster = try Cluster()
    authorities = cluster.authority.certificatePEM
  }

  private func problem(authorities: [UInt8]? = nil, identity: [UInt8]) throws -> (String, CredentialProblem) {
    do throws(TLSError) {
      _ = try TLSContext.client(
        authorities: authorities ?? self.authorities, identity: identity, authoritiesName: "ca.pem",
        identityName: "agent.pem")
    } catch {
      guard case .credentials(let source, let problem) = error else { throw error }
      #expect(error.description.hasPrefix("cannot use \(source): "))
      return (source, problem)
    }
    throw UnexpectedOutcome(description: "the credentials were accepted")
  }

  @Test func aKeyOfAnotherCertificateIsRefused() throws {
    let mixed = cluster.agent.certificatePEM + cluster.server.privateKeyPEM
    let (source, problem) = try problem(identity: mixed)
    #expect(source == "agent.pem")
    guard case .keyMismatch(let certificate) = problem else { throw UnexpectedOutcome(description: "\(problem)") }
    #expect(certificate.subject == "CN=agent")
  }

  @Test func aFileWithoutKeyIsRefused() throws {
    let (source, problem) = try problem(identity: cluster.agent.certificatePEM)
    #expect(source == "agent.pem" && problem == .noPrivateKey)
    #expect(problem.description.contains("append the key"))
  }

  @Test func aFileWithoutCertificateIsRefused() throws {
    #expect(try problem(identity: cluster.agent.privateKeyPEM).1 == .noCertificate)
    #expect(try problem(authorities: [], identity: cluster.agent.identityPEM) == ("ca.pem", .noCertificate))
    let noise = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167) }
    #expect(try problem(authorities: noise, identity: cluster.agent.identityPEM).1 == .noCertificate)
  }

  @Test(arguments: [
    "-----BEGIN CERTIFICATE-----\n!!!! not base64 !!!!\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\nAAAAAAAAAAAAAAAAAAAAAAAA\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\nMIIB", "-----BEGIN CERTIFICATE-----\n",
  ])
  func aDamagedCertificateIsRefused(pem: String) throws {
    for damaged in [Array(pem.utf8), authorities + Array(pem.utf8)] {
      let (source, problem) = try problem(authorities: damaged, identity: cluster.agent.identityPEM)
      guard case .malformed = problem else { throw UnexpectedOutcome(description: "\(problem)") }
      #expect(source == "ca.pem")
    }
  }

  @Test func aDamagedKeyIsRefused() throws {
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    for damaged in [Array(key.utf8), Array(cluster.agent.privateKeyPEM.dropLast(60))] {
      let (_, problem) = try problem(identity: cluster.agent.certificatePEM + damaged)
      guard case .malformed = problem else { throw UnexpectedOutcome(description: "\(problem)") }
    }
  }

  @Test func anEncryptedKeyIsRefusedWithoutAskingForItsPassphrase() throws {
    let folder = try Folder()
    try folder.write(cluster.agent.privateKeyPEM, to: "key.pem")
    try OpenSSLProgram.run(
      "pkey", "-in", "key.pem", "-aes256", "-passout", "pass:secret", "-out", "new.pem", in: folder)
    try OpenSSLProgram.run(
      "ec", "-in", "key.pem", "-aes256", "-passout", "pass:secret", "-out", "old.pem", in: folder)
    for name in ["new.pem", "old.pem"] {
      let (_, problem) = try problem(identity: cluster.agent.certificatePEM + folder.read(name))
      #expect(problem == .encryptedKey, "\(name)")
      #expect(problem.description.contains("openssl pkey"))
    }
  }

  @Test func aKeyTooWeakForItsPurposeIsRefused() throws {
    let folder = try Folder()
    try OpenSSLProgram.run(
      "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=weak",
      in: folder)
    let (_, problem) = try problem(identity: folder.read("cert.pem", "key.pem"))
    guard case .refused(let reason) = problem else { throw UnexpectedOutcome(description: "\(problem)") }
    #expect(reason.contains("key too small"))
  }

  @Test func moreThanAnHonestFileHoldsIsRefused() throws {
    let large = [UInt8](repeating: UInt8(ascii: "a"), count: Credentials.maximumBytes + 1)
    #expect(try problem(identity: large).1 == .tooLarge(limit: Credentials.maximumBytes))
    let many = [[UInt8]](repeating: authorities, count: Credentials.maximumCertificates + 1).flatMap { $0 }
    let (source, problem) = try problem(authorities: many, identity: cluster.agent.identityPEM)
    #expect(source == "ca.pem" && problem == .tooManyCertificates(limit: Credentials.maximumCertificates))
  }

  @Test func theKeyMayStandInFrontAndTheCAFileMayHoldAKey() throws {
    _ = try TLSContext.client(
      authorities: cluster.server.privateKeyPEM + authorities + authorities,
      identity: cluster.agent.privateKeyPEM + Array("a comment\n".utf8) + cluster.agent.certificatePEM)
  }

  @Test func anOwnCertificateOutOfItsDatesIsToldButUsed() throws {
    func warning(_ from: Int, _ until: Int) throws -> String? {
      let validity = CertificateValidity(from: from, until: until)
      let own = try cluster.authority.issue(CertificateProfile(commonName: "own", validity: validity))
      return try TLSContext.client(authorities: authorities, identity: own.identityPEM).identityWarning
    }
    #expect(try warning(-60, 3600) == nil)
    #expect(try #require(try warning(-7200, -3600)).contains("has expired"))
    #expect(try #require(try warning(3600, 7200)).contains("is not valid yet"))
  }

  @Test func anIntermediateAuthorityInTheIdentityIsSentAlong() throws {
    let folder = try Folder()
    try folder.write(authorities, to: "ca.pem")
    try folder.write(cluster.authority.identity.privateKeyPEM, to: "ca-key.pem")
    try folder.write(Array("basicConstraints=critical,CA:TRUE\nsubjectAltName=DNS:localhost\n".utf8), to: "extensions")
    try OpenSSLProgram.issueRSA("middle", by: "ca", in: folder)
    try OpenSSLProgram.issueRSA("leaf", by: "middle", in: folder)
    let server = try TLSContext.server(
      authorities: authorities, identity: folder.read("leaf.pem", "middle.pem", "leaf-key.pem"))
    let link = try Link(client: cluster.clientContext(), server: server, peerName: "localhost")
    try link.establish()
    #expect(link.client.peerFacts?.issuer == "CN=middle")
  }
}
