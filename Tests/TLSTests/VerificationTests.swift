import COpenSSL
import CertificateAuthority
import Testing

@testable import TLS

@Suite struct VerificationTests {
  /// OpenSSL's verification result at the client, which must have refused its server for that.
  private func verdict(_ link: Link) throws -> VerificationFailure {
    let failures = try link.handshake()
    guard case .untrusted(let failure)? = failures.client else {
      throw UnexpectedOutcome(description: "the client ended with \(failures)")
    }
    guard case .refusedByPeer? = failures.server else {
      throw UnexpectedOutcome(description: "the server ended with \(failures)")
    }
    return failure
  }

  @Test(arguments: [Link.Kind.unix, .tcp])
  func bothSidesAcceptCertificatesOfTheirAuthority(kind: Link.Kind) throws {
    let link = try Cluster().link(over: kind)
    #expect(link.client.peerRoles.isEmpty && link.client.peerFacts == nil, "nothing is known before the handshake")
    try link.establish()
    #expect(link.client.negotiated.hasPrefix("TLSv1.3 TLS_"))
    #expect(link.client.peerFacts?.subject == "CN=scheduler")
    #expect(link.server.peerFacts?.subject == "CN=agent")
  }

  @Test(arguments: ["localhost", "LocalHost", "localhost.", "127.0.0.1", "::1", "0:0:0:0:0:0:0:1"])
  func aServerIsAcceptedByEachOfItsAlternativeNames(name: String) throws {
    try Cluster().link(peerName: name).establish()
  }

  @Test(arguments: [
    ("elsewhere.example", X509_V_ERR_HOSTNAME_MISMATCH), ("sub.localhost", X509_V_ERR_HOSTNAME_MISMATCH),
    ("127.0.0.2", X509_V_ERR_IP_ADDRESS_MISMATCH), ("::2", X509_V_ERR_IP_ADDRESS_MISMATCH),
  ])
  func aServerIsRefusedByAnotherName(name: String, code: Int32) throws {
    let failure = try verdict(Cluster().link(peerName: name))
    #expect(failure.code == code)
    #expect(failure.peerName == name)
    #expect(failure.description.contains("DNS:localhost, IP Address:127.0.0.1"), "it says which names would do")
  }

  @Test func theCommonNameIsNoHostName() throws {
    let cluster = try Cluster(server: CertificateProfile(commonName: "localhost", roles: .server))
    #expect(try verdict(cluster.link()).code == X509_V_ERR_HOSTNAME_MISMATCH)
  }

  @Test func aClientWithoutAUsableNameForItsServerIsNotMade() throws {
    let context = try Cluster().clientContext()
    let end = try Socket.unixPair().0
    #expect(throws: TLSError.invalidPeerName("")) { try TLSConnection(context: context, descriptor: end.descriptor) }
    for name in [
      "", ".", ".localhost", "*.localhost", "a b", "a\0b", "fe80::1%eth0", String(repeating: "a", count: 254),
    ] {
      #expect(throws: TLSError.invalidPeerName(name)) {
        try TLSConnection(context: context, descriptor: end.descriptor, peerName: name)
      }
    }
  }

  @Test func aServerOfAnotherAuthorityIsRefused() throws {
    let ours = try Cluster()
    let theirs = try Cluster(
      authority: CertificateAuthority(CertificateProfile(commonName: "theirs", isAuthority: true)))
    let link = try Link(client: ours.clientContext(), server: theirs.serverContext(), peerName: "localhost")
    let failure = try verdict(link)
    #expect(failure.code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY)
    #expect(failure.certificate.issuer == "CN=theirs")
    #expect(failure.description.contains("add the issuer's certificate to the CA file"))
  }

  @Test func aClientOfAnotherAuthorityIsRefusedAndToldSo() throws {
    let ours = try Cluster()
    let theirs = try Cluster(
      authority: CertificateAuthority(CertificateProfile(commonName: "theirs", isAuthority: true)))
    let stranger = try TLSContext.client(
      authorities: ours.authority.certificatePEM, identity: theirs.agent.identityPEM)
    let failures = try Link(client: stranger, server: ours.serverContext(), peerName: "localhost").handshake()
    guard case .untrusted(let failure)? = failures.server, case .refusedByPeer(let alert)? = failures.client else {
      throw UnexpectedOutcome(description: "\(failures)")
    }
    #expect(failure.code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY)
    #expect(failure.description.hasPrefix("cannot trust the client: unable to get local issuer certificate"))
    #expect(alert.code == 48)
    #expect(alert.description.contains("alert 48 (unknown CA); the peer does not know the authority"))
  }

  @Test func anExpiredServerIsRefusedWithItsDates() throws {
    let dayAgo = CertificateValidity(from: -2 * 86_400, until: -86_400)
    let cluster = try Cluster(
      server: CertificateProfile(commonName: "old", roles: .server, names: ["localhost"], validity: dayAgo))
    let failure = try verdict(cluster.link())
    #expect(failure.code == X509_V_ERR_CERT_HAS_EXPIRED)
    #expect(failure.depth == 0)
    #expect(failure.description.contains("certificate has expired"))
    #expect(failure.description.contains("until \(failure.certificate.validUntil)"))
    #expect(failure.certificate.validUntil.wholeMatch(of: /\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/) != nil)
    #expect(failure.description.hasSuffix("renew that certificate, or correct this machine's clock"))
  }

  @Test func aServerThatIsNotValidYetIsRefused() throws {
    let tomorrow = CertificateValidity(from: 86_400, until: 2 * 86_400)
    let cluster = try Cluster(
      server: CertificateProfile(commonName: "early", roles: .server, names: ["localhost"], validity: tomorrow))
    let failure = try verdict(cluster.link())
    #expect(failure.code == X509_V_ERR_CERT_NOT_YET_VALID)
    #expect(failure.description.contains("clock"))
  }

  @Test func anExpiredClientIsRefusedAndToldSo() throws {
    let dayAgo = CertificateValidity(from: -2 * 86_400, until: -86_400)
    let cluster = try Cluster(agent: CertificateProfile(commonName: "old", roles: .agent, validity: dayAgo))
    let failures = try cluster.link().handshake()
    guard case .untrusted(let failure)? = failures.server, case .refusedByPeer(let alert)? = failures.client else {
      throw UnexpectedOutcome(description: "\(failures)")
    }
    #expect(failure.code == X509_V_ERR_CERT_HAS_EXPIRED)
    #expect(alert.code == 45)
  }

  @Test func anExpiredAuthorityIsNamedAsTheOneAtFault() throws {
    let dayAgo = CertificateValidity(from: -2 * 86_400, until: -86_400)
    let authority = try CertificateAuthority(
      CertificateProfile(commonName: "old authority", validity: dayAgo, isAuthority: true))
    let failure = try verdict(Cluster(authority: authority).link())
    #expect(failure.code == X509_V_ERR_CERT_HAS_EXPIRED)
    #expect(failure.depth == 1)
    #expect(failure.certificate.subject == "CN=old authority")
  }

  /// A scheduler's own certificate may be the cluster's authority.
  @Test func aServersOwnCertificateThatIssuedTheAgentsIsAnAuthority() throws {
    let scheduler = try CertificateAuthority(
      CertificateProfile(commonName: "scheduler", roles: .scheduler, names: ["localhost"], isAuthority: true))
    let agent = try scheduler.issue(CertificateProfile(commonName: "agent", roles: .agent))
    let link = try Link(
      client: .client(authorities: scheduler.certificatePEM, identity: agent.identityPEM),
      server: .server(authorities: scheduler.certificatePEM, identity: scheduler.identity.identityPEM),
      peerName: "localhost")
    try link.establish()
    #expect(link.client.peerRoles == .scheduler)
  }

  @Test func aServersSelfSignedCertificateIsTrustedWhenItIsTheCAFile() throws {
    let agents = try Cluster()
    let lone = try CertificateAuthority(
      CertificateProfile(commonName: "lone", roles: .server, names: ["localhost"], isAuthority: false))
    let client = try TLSContext.client(authorities: lone.certificatePEM, identity: agents.agent.identityPEM)
    let server = try TLSContext.server(
      authorities: agents.authority.certificatePEM, identity: lone.identity.identityPEM)
    try Link(client: client, server: server, peerName: "localhost").establish()
  }

  @Test func aSelfSignedServerThatIsNotInTheCAFileIsRefused() throws {
    let cluster = try Cluster()
    let lone = try CertificateAuthority(CertificateProfile(commonName: "lone", names: ["localhost"]))
    let server = try TLSContext.server(
      authorities: cluster.authority.certificatePEM, identity: lone.identity.identityPEM)
    let link = try Link(client: cluster.clientContext(), server: server, peerName: "localhost")
    #expect(try verdict(link).code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
  }

  @Test func aCertificateThatMayNotIssueDoesNotMakeOthersTrusted() throws {
    let notAnAuthority = try CertificateAuthority(CertificateProfile(commonName: "leaf", isAuthority: false))
    let failure = try verdict(Cluster(authority: notAnAuthority).link())
    #expect([X509_V_ERR_INVALID_CA, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY].contains(failure.code), "\(failure)")
  }

  /// As after an authority was made anew under its old name; without key identifiers only the signature tells.
  @Test func aServerOfARenewedAuthorityIsRefusedWithARemedy() throws {
    let cluster = try Cluster()
    let folder = try Folder()
    try folder.write(cluster.authority.certificatePEM, to: "ca.pem")
    try folder.write(cluster.authority.identity.privateKeyPEM, to: "ca-key.pem")
    try folder.write(Array("subjectAltName=DNS:localhost\nauthorityKeyIdentifier=none\n".utf8), to: "extensions")
    try OpenSSLProgram.issueRSA("server", by: "ca", in: folder)
    let server = try TLSContext.server(
      authorities: folder.read("ca.pem"), identity: folder.read("server.pem", "server-key.pem"))
    let client = try TLSContext.client(
      authorities: CertificateAuthority().certificatePEM, identity: cluster.agent.identityPEM)
    let failure = try verdict(Link(client: client, server: server, peerName: "localhost"))
    #expect(failure.code == X509_V_ERR_CERT_SIGNATURE_FAILURE)
    #expect(failure.description.hasSuffix("put the authority's current certificate into the CA file"))
  }

  @Test func whatACertificateSaysCannotForgeLogLines() throws {
    let cluster = try Cluster(
      agent: CertificateProfile(commonName: "agent\nE1231 forged\u{1b}[2J ü", roles: .agent))
    let link = try cluster.link()
    try link.establish()
    let subject = try #require(link.server.peerFacts?.subject)
    #expect(subject.utf8.allSatisfy { (0x20...0x7e).contains($0) }, "\(subject)")
  }
}

struct UnexpectedOutcome: Error, CustomStringConvertible { let description: String }
