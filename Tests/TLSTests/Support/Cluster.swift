import CertificateAuthority
import TLS

/// The certificates of a small cluster, as its administrator would make them.
struct Cluster {
  let authority: CertificateAuthority
  let server: IssuedCertificate
  let agent: IssuedCertificate

  init(
    authority: CertificateAuthority? = nil,
    server: CertificateProfile = CertificateProfile(
      commonName: "scheduler", roles: [.scheduler, .server], names: ["localhost", "127.0.0.1", "::1"]),
    agent: CertificateProfile = CertificateProfile(commonName: "agent", roles: .agent)
  ) throws {
    let issuer = try authority ?? CertificateAuthority()
    self.authority = issuer
    self.server = try issuer.issue(server)
    self.agent = try issuer.issue(agent)
  }

  func clientContext() throws -> TLSContext {
    try .client(authorities: authority.certificatePEM, identity: agent.identityPEM)
  }

  func serverContext() throws -> TLSContext {
    try .server(authorities: authority.certificatePEM, identity: server.identityPEM)
  }

  func link(peerName: String = "localhost", over kind: Link.Kind = .unix) throws -> Link {
    try Link(client: clientContext(), server: serverContext(), peerName: peerName, over: kind)
  }
}
