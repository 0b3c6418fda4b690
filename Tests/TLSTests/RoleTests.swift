import CertificateAuthority
import Testing

@testable import TLS

@Suite struct RoleTests {
  @Test(arguments: [
    (CertificateRoles.server, UInt32(0x1)), (.controller, 0x2), (.agent, 0x4), (.scheduler, 0x8), (.networkAgent, 0x10),
    (.cnciAgent, 0x20),
  ])
  func eachRoleOfACertificateIsReadAsItsSSNTPBit(role: CertificateRoles, bit: UInt32) throws {
    #expect(role.rawValue == bit)
    let cluster = try Cluster(agent: CertificateProfile(commonName: "peer", roles: role))
    #expect(try cluster.clientContext().identityRoles == role)
    let link = try cluster.link()
    try link.establish()
    #expect(link.server.peerRoles == role)
  }

  @Test func severalRolesAreReadTogether() throws {
    let link = try Cluster().link()
    try link.establish()
    #expect(link.client.peerRoles == [.scheduler, .server])
    #expect(link.client.peerRoles.description == "scheduler, server")
    #expect(!link.client.peerRoles.contains(.agent))
  }

  @Test func aCertificateWithAnyExtendedKeyUsageAloneIsAcceptedAndBacksNoRole() throws {
    let cluster = try Cluster(
      server: CertificateProfile(commonName: "any", names: ["localhost"]), agent: CertificateProfile(commonName: "any"))
    let link = try cluster.link()
    try link.establish()
    #expect(link.client.peerRoles.isEmpty && link.server.peerRoles.isEmpty)
    #expect(link.client.peerRoles.description == "no role")
  }
}
