import AsyncLoop
import CShims
import Channel
import Confinement
import Glibc
import Glog
import Linux
import Loop
import Payloads
import Rights
import SSNTP
import ServiceManager
import Settings
import Startup
import TLS

/// launcher-net: the process that parses bytes from the network, and cannot touch a machine, a disk or a device.
@main struct LauncherNet {
  /// Bytes of a certificate file: a bundle of authorities has a few hundred thousand.
  static let certificateLimit = 1_048_576

  /// What this node is to a scheduler.
  static func role(_ options: Settings) -> (role: Role, certified: CertificateRoles) {
    options.network == .nn ? (.networkAgent, .networkAgent) : (.agent, .agent)
  }

  static func main() {
    // A payload may have 16 MiB; what a server can make this process hold is bounded.
    sh_give_back_large_memory_at_once()
    let options = Settings.ofThisProcess(.net, libraries: libraryVersions)
    if options.checksConfiguration { NetReadiness.report(options) }
    log.configure(options.log.early)
    umask(0o077)
    do {
      try options.requireInterfaces()
      try Startup.closeDescriptors(from: Startup.firstInherited)
      // Forked first: it must not inherit the private key's descriptor.
      let needsResolver = options.servers.contains { !$0.isNumeric }
      let resolver = needsResolver ? try Resolver.fork(options) : nil
      // Opened before the change of user, so that the private key can be root's alone; read after it.
      let authorities = try Descriptor.open(options.authorities, O_RDONLY)
      let certificate = try Descriptor.open(options.certificate, O_RDONLY)
      let service = try ServiceManager()
      try Confinement.dropPrivileges(to: options.user, rights: .net)
      let logSettings = options.logSettings(of: .net)
      log.configure(logSettings)
      let uuid = try NodeUUIDStore.load(role: role(options).role, below: options.stateFolder)
      let context = try TLSContext.client(
        authorities: Files.read(authorities, named: options.authorities, limit: certificateLimit),
        identity: Files.read(certificate, named: options.certificate, limit: certificateLimit),
        authoritiesName: options.authorities, identityName: options.certificate)
      authorities.close()
      certificate.close()
      try TLSContext.prepareForConfinement()
      warnOf(context, options)
      let interfaces = NodeInterfaces.all()
      let signals = try Signals.descriptor(for: [SIGINT, SIGTERM])
      let sockets = try RendezvousVisitor.Sockets()
      LoopActor.prepare()
      var surroundings = Surroundings()
      surroundings.schedulerPorts = options.servers.map(\.port)
      try options.confine(.net, surroundings, as: .net, logSettings)
      LoopActor.run {
        Startup.endOnSignal(signals, loop: LoopActor.loop) {
          log.info("ending")
          service.stopping()
        }
        service.giveSignsOfLife(on: LoopActor.loop)
        let session = Session(
          servers: options.servers, context: context,
          identity: Session.Identity(uuid: uuid, role: role(options).role, dialect: options.dialect),
          resolver: resolver.map { ResolverClient($0) })
        let node = NetNode(
          session: session, uuid: uuid, options, interfaces: interfaces, sockets: sockets, service: service)
        log.info("node \(uuid)")
        await node.run()
      }
    } catch {
      log.fatal("\(error)")
    }
  }

  private static func libraryVersions() -> [(name: String, version: String)] {
    [("OpenSSL", TLSContext.libraryVersion), ("libyaml", yamlLibraryVersion)] + Confinement.libraryVersions()
  }

  private static func warnOf(_ context: TLSContext, _ options: Settings) {
    if let warning = context.identityWarning { log.warning("\(options.certificate): \(warning)") }
    let role = role(options).certified
    if !context.identityRoles.isSuperset(of: role) {
      log.warning(
        "\(options.certificate): backs role \(context.identityRoles), not \(role): servers will refuse this node")
    }
  }
}
