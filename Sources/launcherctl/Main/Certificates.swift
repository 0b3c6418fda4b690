import CertificateAuthority
import Glibc
import Linux
import TLS

/// The throw-away certificates of a folder. The authority's key is in no file: nothing can be added to a set.
enum Certificates {
  static let authorityName = "ca.pem"
  static let serverName = "server.pem"
  static let agentName = "agent.pem"
  static let networkAgentName = "netagent.pem"
  static let names = [authorityName, serverName, agentName, networkAgentName]

  static let defaultHosts = ["localhost", "127.0.0.1", "::1"]

  /// Bytes read of a file of certificates: a certificate with its key takes about 2 KB.
  private static let maximumBytes = 1 << 20

  /// Makes the four files; overwrites none.
  static func make(in folder: ServerFolder, hosts: [String]) throws {
    if let name = existing(in: folder).first {
      throw Failure("cannot make certificates: \(folder.path)/\(name) exists already and is not overwritten")
    }
    let authority = try CertificateAuthority()
    let server = try authority.issue(
      CertificateProfile(commonName: "launcherctl server", roles: [.scheduler, .server], names: hosts))
    let agent = try authority.issue(CertificateProfile(commonName: "launcherctl agent", roles: .agent))
    let networkAgent = try authority.issue(
      CertificateProfile(commonName: "launcherctl network agent", roles: .networkAgent))
    try Files.create(authorityName, authority.certificatePEM, mode: 0o644, in: folder.descriptor)
    try Files.create(serverName, server.identityPEM, in: folder.descriptor)
    try Files.create(agentName, agent.identityPEM, in: folder.descriptor)
    try Files.create(networkAgentName, networkAgent.identityPEM, in: folder.descriptor)
  }

  static func existing(in folder: ServerFolder) -> [String] {
    names.filter { faccessat(folder.descriptor.raw, $0, F_OK, AT_SYMLINK_NOFOLLOW) == 0 }
  }

  /// The settings of a server that uses the folder's certificates.
  static func serverContext(in folder: ServerFolder) throws -> TLSContext {
    let again = "remove \(names.joined(separator: ", ")) there to have new ones made, or name another folder with -dir"
    let present = existing(in: folder)
    for name in [authorityName, serverName] where !present.contains(name) {
      throw Failure("cannot use the certificates in \(folder.path): \(name) is missing; \(again)")
    }
    let context = try TLSContext.server(
      authorities: Files.read(authorityName, in: folder.descriptor, limit: maximumBytes),
      identity: Files.read(serverName, in: folder.descriptor, limit: maximumBytes),
      authoritiesName: "\(folder.path)/\(authorityName)", identityName: "\(folder.path)/\(serverName)")
    if let warning = context.identityWarning {
      throw Failure("cannot use \(folder.path)/\(serverName): \(warning); \(again)")
    }
    guard !context.identityRoles.isDisjoint(with: [.scheduler, .server]) else {
      throw Failure(
        "cannot use \(folder.path)/\(serverName): it backs \(context.identityRoles), not scheduler or server; \(again)")
    }
    return context
  }
}
