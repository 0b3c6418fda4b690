import CShims
import Confinement
import Glibc
import Linux
import Settings
import TLS

/// What `-check-config` says of what launcher-net needs.
enum NetReadiness {
  static func report(_ options: Settings) -> Never {
    // As in a run: opened by whoever starts the process, used as its user.
    let files = ["-cacert": options.authorities, "-cert": options.certificate].mapValues { path in
      Result { try Descriptor.open(path, O_RDONLY) }
    }
    if let user = options.user { sh_set_ids(user.uid, user.gid, user.groups, Int32(user.groups.count)) }
    var findings = certificates(options, files)
    findings.append(
      Finding(.ready, "scheduler", options.servers.map(\.description).joined(separator: ", then ")))
    findings += options.interfaceFindings
    findings.append(
      Folder("\(options.stateFolder)/local").finding("UUID store", "keep the node's UUID"))
    Readiness.report(findings)
  }

  private static func certificates(_ options: Settings, _ files: [String: Result<Descriptor, any Error>]) -> [Finding] {
    var missing: [Finding] = []
    var texts: [String: [UInt8]] = [:]
    for (option, file) in files.sorted(by: { $0.key < $1.key }) {
      do {
        texts[option] = try Files.read(file.get(), named: option, limit: LauncherNet.certificateLimit)
      } catch {
        missing.append(
          Finding(
            .missing, option == "-cert" ? "certificate" : "authority", "\(error)",
            remedy: "put the file there, or name another one with \(option)"))
      }
    }
    guard let authorities = texts["-cacert"], let identity = texts["-cert"] else { return missing }
    do {
      let context = try TLSContext.client(
        authorities: authorities, identity: identity, authoritiesName: options.authorities,
        identityName: options.certificate)
      return [
        Finding(.ready, "authority", options.authorities), validity(context),
        role(context, LauncherNet.role(options).certified),
      ]
    } catch {
      return [Finding(.missing, "certificate", "\(error)", remedy: "have certificate and key made anew as a pair")]
    }
  }

  private static func validity(_ context: TLSContext) -> Finding {
    guard let warning = context.identityWarning else {
      return Finding(.ready, "certificate", "\(context.identityFacts); the key matches")
    }
    return Finding(.missing, "certificate", warning, remedy: "renew the certificate, or set the clock")
  }

  private static func role(_ context: TLSContext, _ role: CertificateRoles) -> Finding {
    context.identityRoles.isSuperset(of: role)
      ? Finding(.ready, "role", "the certificate backs \(role)")
      : Finding(
        .missing, "role", "the certificate backs \(context.identityRoles), not \(role)",
        remedy: "have a certificate made with the extended key usage of this role")
  }
}
