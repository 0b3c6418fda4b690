import CertificateAuthority
import TLS
import Testing

@Suite struct CertificateAuthorityTests {
  @Test func anIssuedCertificateAndItsKeyMakeAContext() throws {
    let authority = try CertificateAuthority()
    let roles: CertificateRoles = [.scheduler, .server]
    let issued = try authority.issue(
      CertificateProfile(
        commonName: "scheduler", roles: roles, names: ["scheduler.example", "192.0.2.1", "2001:db8::1"]))
    let context = try TLSContext.server(authorities: authority.certificatePEM, identity: issued.identityPEM)
    #expect(context.identityRoles == roles)
    #expect(context.identityFacts.subject == "CN=scheduler")
    #expect(context.identityFacts.issuer == "CN=throw-away authority")
    #expect(
      context.identityFacts.alternativeNames
        == "DNS:scheduler.example, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1")
    #expect(context.identityWarning == nil)
  }

  @Test func keysAndSerialNumbersAreNewEachTime() throws {
    let authority = try CertificateAuthority()
    let profile = CertificateProfile(commonName: "agent", roles: .agent)
    let first = try authority.issue(profile), second = try authority.issue(profile)
    #expect(first.privateKeyPEM != second.privateKeyPEM)
    #expect(first.certificatePEM != second.certificatePEM)
  }

  @Test(arguments: ["", "a,DNS:b", "a\nb", "*.example", ".example", "300.1.1.1/8", "dirName:x"])
  func aNameThatCouldSayMoreThanItselfIsRefused(name: String) throws {
    let authority = try CertificateAuthority()
    #expect(throws: CertificateAuthorityError.invalidName(name)) {
      try authority.issue(CertificateProfile(commonName: "x", names: [name]))
    }
  }

  @Test func aCommonNameThatX509CannotHoldIsRefused() throws {
    #expect {
      try CertificateAuthority(CertificateProfile(commonName: String(repeating: "x", count: 65)))
    } throws: {
      "\($0)".contains("set the subject failed")
    }
  }
}
