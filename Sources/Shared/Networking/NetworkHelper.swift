import Channel
import Confinement
import Glibc
import Glog
import Instances
public import Linux
import Loop
import Netlink
import Rights
public import Settings

/// The network child of launcher-vmm: alone of its processes it keeps CAP_NET_ADMIN, and it can do nothing else.
///
/// It is told instances and their places in tenants' networks, never names of interfaces; what it makes it finds
/// again by the aliases it wrote. It works on one request after the other, so two STARTs in one subnet make one bridge.
public enum NetworkHelper {
  /// Forks the child; returns its end of the channel in the parent, nil on a node that has no part in tenants'
  /// networks.
  public static func fork(_ options: Settings) throws -> Descriptor? {
    options.network == .none ? nil : try fork(options, NetworkConfiguration(options))
  }

  /// Forks the child; returns in the parent with its end of the channel. Fails where the node has no compute network,
  /// which nobody needs to remove what there is.
  public static func fork(_ options: Settings, _ configuration: NetworkConfiguration) throws -> Descriptor {
    if !options.isHardReset { _ = try engine(configuration).computeNetwork() }
    return try ChildFork.fork("vmm-network") { socket in
      // To standard error alone: opening log files would take more rights than all else it does.
      log.configure(options.log.early)
      do {
        // Before the confinement, which leaves it no socket(2).
        let engine = try engine(configuration)
        let rights = options.network == .nn ? ProcessRights.network.forMacvtaps : .network
        try Confinement.dropPrivileges(to: options.user?.withoutGroups, rights: rights)
        let loop = try EventLoop()
        // The manager decides about signals that reach a whole process group.
        signal(SIGINT, SIG_IGN)
        signal(SIGTERM, SIG_IGN)
        if let warning = try Confinement.confine(rights, Surroundings()) { log.warning(warning) }
        serve(socket, engine, loop)
      } catch {
        log.fatal("network: \(error)")
      }
      exit(0)
    }
  }

  private static func engine(_ configuration: NetworkConfiguration) throws(SystemError) -> NetworkEngine {
    NetworkEngine(
      configuration, routes: NetlinkClient(try KernelSocket(.route)),
      filters: NetlinkClient(try KernelSocket(.netfilter)))
  }

  private static func serve(_ socket: Descriptor, _ engine: NetworkEngine, _ loop: EventLoop) {
    var channel: Channel<ManagerToNetwork, NetworkToManager>?
    channel = Channel(
      socket, loop: loop,
      onMessage: { message in
        for answer in answers(to: message, engine) { channel?.send(answer) }
      },
      onClose: { reason in
        log.info("network: the manager's channel closed (\(reason)); ending")
        loop.stop()
      })
    loop.run()
  }

  /// What the manager may ask.
  static func answers(to message: ManagerToNetwork, _ engine: NetworkEngine) -> [NetworkToManager] {
    let job = message.job
    do throws(NetworkFailure) {
      switch message {
      case .attach(_, let spec):
        let (tap, mtu) = try engine.attach(spec)
        return [.attached(job: job, tap: tap, mtu: mtu)]
      case .join(_, let spec): return [.joined(job: job, try engine.join(spec))]
      case .bridges: return try engine.containerBridges().map { .bridge(job: job, $0) } + [.listed(job: job)]
      case .detach(_, let instance):
        try engine.detach(instance)
        return [.detached(job: job)]
      case .list:
        // The manager asks first, when it has made sure that it is the only one on these instances.
        try engine.removeEmptySegments()
        return try engine.instances().map { .present(job: job, $0) } + [.listed(job: job)]
      }
    } catch {
      return [.failed(job: job, reason: String(error.description.prefix(maximumReason)))]
    }
  }

  /// Characters: what the kernel and this program say is ASCII, and shorter.
  private static let maximumReason = 500
}

extension ManagerToNetwork {
  fileprivate var job: UInt64 {
    switch self {
    case .attach(let job, _), .join(let job, _), .detach(let job, _), .list(let job), .bridges(let job): job
    }
  }
}
