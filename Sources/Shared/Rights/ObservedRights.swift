/// What is to be seen of a process from outside, beside what `ProcessRights` makes it enforce: the data that the audit
/// holds the kernel's word against.
public struct ObservedRights: Sendable {
  /// What a process's own name is (`/proc/PID/comm`); nil: it is known by its program.
  public let threadName: String?
  /// The program's file.
  public let program: String
  /// The unit that runs it under systemd.
  public let unit: String
  /// The user that it runs as; nil: whoever starts it.
  public let user: ServiceUser?
  /// Groups that it may have beside its user's own.
  public let groups: [String]
  /// Namespaces that its unit gives it for itself; without systemd it has none of its own.
  public let namespaces: [(name: String, reason: String)]
  public let descriptors: [DescriptorRule]
  /// Why it may have sockets that others connect to; nil: it may not.
  public let listens: String?
  /// Why it may have memory that is writable and executable; nil: it may not.
  public let writableCode: String?
  /// Why it may have more than one thread; nil: it may not.
  public let threads: String?
  /// Why users beside root may look into it (it is dumpable); nil: none may.
  public let dumpable: String?
  /// Why it is as good as root, where it is.
  public let equalToRoot: String?
  /// What the kernel calls network namespaces. On a node with tenants' networks the processes of launcher-vmm's unit
  /// share the node's, where its network child makes them.
  public static let network = "net"
  /// Libraries that it loads while it works, by the beginnings of their names.
  public let loadedLibraries: [String]

  public enum ServiceUser: String, Sendable, CaseIterable {
    case net = "launcher-net"
    case vmm = "launcher-vmm"
    case stats = "launcher-stats"
  }
}

/// Descriptors that a process may have open.
public struct DescriptorRule: Sendable {
  public enum Kind: Sendable, Hashable {
    /// What `/proc/PID/fd` shows begins with this.
    case link(String)
    /// A file or folder of the state folder.
    case place(Place)
    case socket(SocketKind)
  }

  public enum SocketKind: String, Sendable {
    case unix, tcp, udp, netlink
    /// Neither bound nor connected yet: the kernel lists it nowhere.
    case unconnected
    /// Packet, raw and whatever else.
    case other
  }

  public let kind: Kind
  public let reason: String
}

private func open(_ kinds: DescriptorRule.Kind..., because reason: String) -> [DescriptorRule] {
  kinds.map { DescriptorRule(kind: $0, reason: reason) }
}

private let eventLoop =
  open(.link("anon_inode:[eventpoll]"), because: "the event loop")
  + open(.link("anon_inode:[signalfd]"), because: "signals as input of the event loop")
private let ownFiles =
  open(.place(.logs), because: "log files, where they do not go to standard error")
  + open(.place(.metrics), because: "the metrics file, where one is asked for")
private let channels = open(.socket(.unix), because: "channels, the rendezvous, the service manager")
private let taps = open(.link("/dev/net/tun"), .link("/dev/tap"), because: "machines' ends of tenants' networks")
private let bitBucket = open(.link("/dev/null"), because: "what children get as standard input")

private let unitMount = ("mnt", "its unit shows it a read-only tree")
private let unitHostName = ("uts", "its unit keeps the host name from it")
private let unitNetwork = (ObservedRights.network, "its unit leaves it no network")
private let unitUser = ("user", "its unit leaves it no user but its own and root")

extension ProcessRights {
  /// What is to be seen of it; nil for the tools, which live for moments.
  public var observed: ObservedRights? { Self.observations[name] }

  private static let observations: [String: ObservedRights] = [
    frontEnd.name: .make(
      program: "launcher", unit: "", user: nil, namespaces: [],
      descriptors: eventLoop + ownFiles + bitBucket + open(.socket(.unix), because: "the rendezvous that it made")
        + open(.link("pipe:"), because: "log lines of its children"),
      listens: "it makes the rendezvous and hands it to launcher-vmm"),
    net.name: .make(
      program: "launcher-net", unit: "launcher-net.service", user: .net,
      namespaces: [unitMount, unitHostName, unitUser],
      descriptors: eventLoop + channels + ownFiles
        + open(.socket(.tcp), .socket(.unconnected), because: "the connection to the scheduler")
        + open(.link("/memfd:"), because: "user-data and meta-data on their way")),
    resolver.name: .make(
      threadName: "net-resolver", program: "launcher-net", unit: "launcher-net.service", user: .net,
      namespaces: [unitMount, unitHostName, unitUser],
      descriptors: channels + ownFiles
        + open(.socket(.udp), .socket(.tcp), .socket(.netlink), .socket(.unconnected), because: "DNS")
        + open(.link("/etc/"), .link("/usr/lib/"), .link("/run/"), because: "name service configuration and modules"),
      loadedLibraries: ["libnss_", "libresolv"]),
    manager.name: .make(
      program: "launcher-vmm", unit: "launcher-vmm.service", user: .vmm, groups: ["kvm"],
      namespaces: [unitMount, unitHostName, unitNetwork],
      descriptors: eventLoop + channels + ownFiles + bitBucket
        + open(.link("anon_inode:[pidfd]"), .link("pidfd:"), because: "machines and tools")
        + open(.link("pipe:"), because: "output of tools")
        + open(.link("/memfd:"), because: "user-data and meta-data on their way")
        + open(.link("/proc/"), because: "figures of machines on their way to launcher-stats")
        + taps
        + open(.place(.instances), .place(.images), because: "instances and backing images")
        + open(.place(.volumes), because: "volumes on their way to machines")
        + open(
          .link("/sys/fs/cgroup/"), because: "control groups: their limits, and figures on their way to launcher-stats"),
      listens: "the rendezvous; consoles and displays for people; monitors and serial ports until QEMU has them"),
    spawner.name: .make(
      threadName: "vmm-spawner", program: "launcher-vmm", unit: "launcher-vmm.service", user: .vmm, groups: ["kvm"],
      namespaces: [unitMount, unitHostName, unitNetwork],
      descriptors: eventLoop + channels + ownFiles + bitBucket
        + open(.link("anon_inode:[pidfd]"), .link("pidfd:"), because: "children on their way to the manager")
        + open(.link("pipe:"), because: "output of tools")
        + open(.place(.instances), .place(.images), because: "what each jail is made of")
        + open(.place(.volumes), because: "volumes on their way to machines")
        + open(.link("/usr/"), .link("/dev/"), because: "what each jail is made of, machines' ends of networks"),
      listens: "monitors and consoles until QEMU has them"),
    observer.name: .make(
      threadName: "vmm-observer", program: "launcher-vmm", unit: "launcher-vmm.service", user: .vmm, groups: ["kvm"],
      namespaces: [unitMount, unitHostName, unitNetwork],
      descriptors: eventLoop + channels + ownFiles
        + open(.link("/proc/"), .link("/sys/fs/cgroup/"), because: "figures of machines and containers")),
    network.name: .make(
      threadName: "vmm-network", program: "launcher-vmm", unit: "launcher-vmm.service", user: .vmm, groups: ["kvm"],
      namespaces: [unitMount, unitHostName],
      descriptors: eventLoop + channels + taps
        + open(.socket(.netlink), because: "rtnetlink and nftables, made before its confinement")),
    containers.name: .make(
      threadName: "vmm-containers", program: "launcher-vmm", unit: "launcher-vmm.service", user: .vmm,
      groups: ["kvm", "docker"], namespaces: [unitMount, unitHostName, unitNetwork],
      descriptors: eventLoop + channels + ownFiles + bitBucket
        + open(.link("anon_inode:[pidfd]"), .link("pidfd:"), because: "the container tool on its way to the manager")
        + open(.link("pipe:"), because: "output of the container tool")
        + open(.place(.instances), because: "the node's name among those that share the engine")
        + open(.link("/usr/"), because: "the container tool"),
      equalToRoot: "it may use the container engine's socket, and with it do all that root may"),
    containerTool.name: .make(
      program: "docker", unit: "launcher-vmm.service", user: .vmm, groups: ["kvm", "docker"],
      namespaces: [unitMount, unitHostName, unitNetwork],
      descriptors: bitBucket
        + open(.link("anon_inode:"), .link("pipe:"), because: "its event loop, its output")
        + open(.socket(.unix), .socket(.unconnected), because: "the container engine"),
      threads: "Go starts them", dumpable: "a program of others",
      equalToRoot: "it talks to the container engine"),
    stats.name: .make(
      program: "launcher-stats", unit: "launcher-stats.service", user: .stats,
      namespaces: [unitMount, unitHostName, unitUser, unitNetwork],
      descriptors: eventLoop + channels + ownFiles
        + open(.link("/proc/"), .link("/sys/fs/cgroup/"), because: "figures of the node, of machines and containers")
        + open(.place(.instances), because: "size of the instances' file system, and of each disk")),
    qemu.name: .make(
      program: "qemu-system-x86_64", unit: "launcher-vmm.service", user: .vmm, groups: ["kvm"],
      namespaces: [unitMount, unitHostName, unitNetwork],
      descriptors: bitBucket + taps
        + open(.link("anon_inode:"), because: "QEMU's event loops, KVM")
        + open(.link("/dev/kvm"), because: "hardware virtualisation")
        + open(.link("/memfd:"), because: "guest memory")
        + open(.link("pipe:"), because: "QEMU's threads")
        + open(.socket(.unix), because: "monitor and console")
        + open(.link("/dev/net/tun"), .link("/dev/tap"), because: "its end of its tenant's network, which it is handed")
        + open(.place(.instances), .place(.images), because: "the guest's disk, config drive and console")
        + open(.place(.volumes), because: "the guest's volumes, which it is handed")
        + open(.link("/usr/share/"), because: "firmware"),
      listens: "monitor and console, for launcher-vmm to come back to",
      writableCode: "QEMU without KVM translates code while it runs", threads: "virtual CPUs and disk requests",
      dumpable: "the observer of the same user opens its figures"),
  ]
}

extension ObservedRights {
  fileprivate static func make(
    threadName: String? = nil, program: String, unit: String, user: ServiceUser?, groups: [String] = [],
    namespaces: [(String, String)], descriptors: [DescriptorRule], listens: String? = nil,
    writableCode: String? = nil, threads: String? = nil, dumpable: String? = nil, equalToRoot: String? = nil,
    loadedLibraries: [String] = []
  ) -> ObservedRights {
    ObservedRights(
      threadName: threadName, program: program, unit: unit, user: user, groups: groups,
      namespaces: namespaces.map { (name: $0.0, reason: $0.1) }, descriptors: descriptors, listens: listens,
      writableCode: writableCode, threads: threads, dumpable: dumpable, equalToRoot: equalToRoot,
      loadedLibraries: loadedLibraries)
  }
}
