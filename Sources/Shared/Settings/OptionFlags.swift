import Channel
import Confinement
import Glibc
import GoFlags
import Instances

/// The definition of every option: name, default, what is allowed, and what people read of it.
struct OptionFlags {
  let servers: Flag<[ServerAddress]>
  let authorities: Flag<String>
  let certificate: Flag<String>
  let dialect: Flag<SSNTPDialect>
  let tracesFrames: Flag<Bool>
  let stateFolder: Flag<String>
  let virtualisation: Flag<Settings.Virtualisation>
  let stopGrace: Flag<Duration>
  let toolDeadline: Flag<Duration>
  let hardReset: Flag<Bool>
  let simulation: Flag<Bool>
  let console: Flag<ConsoleKind>
  let firmware: Flag<String>
  let volumes: Flag<VolumeLocation>
  let containers: Flag<Bool>
  let containerTool: Flag<String>
  let containerSocket: Flag<String>
  let containerGroup: Flag<String>
  let pullDeadline: Flag<Duration>
  let maximumInstances: Flag<Int>
  let limitsMemory: Flag<Bool>
  let limitsDisk: Flag<Bool>
  let rejectsWhenFull: Flag<Bool>
  let network: Flag<NodeNetwork>
  let computeNetworks: Flag<[IPv4Subnet]>
  let managementNetworks: Flag<[IPv4Subnet]>
  let tunnel: Flag<TunnelKind>
  let preventsSpoofing: Flag<Bool>
  let statsInterval: Flag<Duration>
  let metricsFolder: Flag<String>
  let netUser: Flag<String>
  let vmmUser: Flag<String>
  let statsUser: Flag<String>
  let rendezvous: Flag<String>
  let configuration: Flag<String>
  let checksConfiguration: Flag<Bool>
  let showsVersion: Flag<Bool>
  let log: LogFlags
  /// nil in launcher, which says them to the others.
  let user: Flag<UserIDs?>?
  let netUID: Flag<uid_t?>?
  let statsUID: Flag<uid_t?>?

  /// What is launcher's own business and not handed to the processes.
  static let namesOfFrontEnd: Set<String> = [
    "config", "check-config", "version", "net-user", "stats-user",
  ]

  /// Servers that are tried in turn at most.
  private static let maximumServers = 16
  private static let maximumSubnets = 16

  init(in flags: inout FlagSet, _ program: LauncherProgram) {
    servers = flags.value(
      "server", "HOST[:PORT],...", default: [ServerAddress(host: "localhost", port: ServerAddress.defaultPort)],
      defaultText: "localhost", allowed: "host, host:port, [v6]:port or a URL; several separated by commas",
      group: "Scheduler", help: "scheduler to connect to",
      detail: """
        A host, host:port, [v6]:port, or a URL of which host and port count. Several, separated by commas, are tried in \
        turn. The default port is 8888.
        """, convert: Self.servers)
    authorities = flags.string(
      "cacert", "FILE", default: "/etc/pki/ciao/CAcert-server-localhost.pem", group: "Scheduler",
      help: "authority of its certificate",
      detail: "Certificates in PEM of the authorities that the scheduler's certificate is checked against.",
      completion: .file)
    certificate = flags.string(
      "cert", "FILE", default: "/etc/pki/ciao/cert-client-localhost.pem", group: "Scheduler",
      help: "this node's certificate and key",
      detail: """
        In PEM, the certificate first, then its private key. It is opened before the change of user, so it can be \
        root's alone.
        """, completion: .file)
    dialect = flags.choice(
      "ssntp-dialect", "YEAR", default: .v2016, group: "Scheduler", help: "numbers that it uses",
      detail: """
        Schedulers number commands and errors in one of two ways: as until 2017, or as since, without STOP, RESTART, \
        DetachVolume and their failures. See docs/PROTOCOL.md.
        """)
    tracesFrames = flags.bool(
      "trace", group: "Scheduler", help: "trace frames to it",
      detail: """
        Frames carry when they were sent and by which node. Without this option the scheduler's configuration decides.
        """)

    stateFolder = flags.string(
      "state-dir", "FOLDER", default: "/var/lib/ciao", group: "Instances", help: "images, instances, logs",
      detail: "Its folders images, instances, local and logs are made where they are missing.", completion: .folder)
    virtualisation = flags.choice(
      "qemu-virtualisation", "MODE", default: .auto, group: "Instances", help: "runs machines",
      detail: "auto takes KVM where it works, and software emulation elsewhere.")
    stopGrace = flags.duration(
      "stop-grace", default: .seconds(10), in: .seconds(0)...(.seconds(3600)), group: "Instances",
      help: "STOP waits for the guest",
      detail: "How long STOP waits for the guest to power down before the plug is pulled; 0: it does not wait.")
    toolDeadline = flags.duration(
      "tool-deadline", default: .seconds(120), in: .seconds(1)...(.seconds(3600)), group: "Instances",
      help: "time for qemu-img and xorriso", detail: "A tool that takes longer is killed, and its START fails.")
    hardReset = flags.bool(
      "hard-reset", group: "Instances", help: "delete all instances, and end",
      detail: "Kills and deletes all instances, says what was done, and ends. No launcher may run meanwhile.")
    simulation = flags.bool(
      "simulation", group: "Instances", help: "make instances up, execute nothing",
      detail: """
        For tests of schedulers and of scale. Instances are folders with a state and a made-up life: no disk, machine, \
        container or network device is made, and no image is needed. The folder of instances must be empty or a \
        simulation's. See docs/PERFORMANCE.md.
        """)
    firmware = flags.string(
      "ovmf", "FILE", group: "Instances", help: "EFI firmware of machines",
      detail: """
        A file OVMF_CODE…, whose OVMF_VARS… beside it is the template of each machine's variables, or firmware in one \
        file, which keeps no variables. Without it, firmware is looked for where distributions have it.
        """, completion: .file)
    volumes = flags.value(
      "volumes", "PLACE", default: .none, defaultText: "", allowed: VolumeLocation.allowed, group: "Instances",
      help: "where volumes are",
      detail: """
        A folder: its files UUID.qcow2, and UUID or UUID.raw, are volumes: START's storage, AttachVolume and \
        DetachVolume name them. launcher-vmm's user must be able to read and write them. rbd:POOL: the RBD images UUID \
        of that Ceph pool, or of a namespace in it, are volumes. QEMU opens them as client.USER, or client.launcher, \
        with /etc/ceph/ceph.conf and the client's keyring beside it. Without it there are no volumes. See \
        docs/VOLUMES.md.
        """, completion: .folder
    ) { VolumeLocation($0) }
    console = flags.value(
      "with-ui", nil, default: .none, defaultText: "false", allowed: "true, false, none, window, nc or spice",
      group: "Instances", help: "a console for each machine",
      detail: """
        nc: the socket console in an instance's folder is its serial console. spice: the socket spice there is its \
        display. Both are for launcher-vmm's user and root. window (or true): QEMU shows it in a window on the X display \
        that launcher was started on; for guests that you trust. none (or false): nothing of this.
        """,
      completion: .values(ConsoleKind.allCases.map(\.rawValue))
    ) { text in
      switch text {
      case "true": .window
      case "false": ConsoleKind.none
      default: ConsoleKind(rawValue: text)
      }
    }

    containers = flags.bool(
      "containers", group: "Containers", help: "run containers, through docker",
      detail: """
        Without it a START with vm_type docker fails. Whoever may use docker's socket is as good as root on the node: one \
        child of launcher-vmm may, and it is given to no other process. See docs/CONTAINERS.md.
        """)
    containerTool = flags.string(
      "container-tool", "FILE", default: "", group: "Containers", help: "docker's command line",
      detail: """
        Without it, docker is looked for where distributions have it.
        """, completion: .file)
    containerSocket = flags.string(
      "container-socket", "SOCKET", default: "/run/docker.sock", group: "Containers", help: "where the engine listens",
      detail: "The socket of dockerd, or of `podman system service`.", completion: .file)
    containerGroup = flags.string(
      "container-group", "GROUP", default: "docker", group: "Containers", help: "group that may use the socket",
      detail: "By name or number. The one child of launcher-vmm that uses the socket has it. Empty: none is needed.")
    pullDeadline = flags.duration(
      "pull-deadline", default: .seconds(600), in: .seconds(1)...(.seconds(86_400)), group: "Containers",
      help: "time to fetch an image", detail: "A START whose image is not there within this time fails.")

    maximumInstances = flags.int(
      "max-vm", default: 32, in: 1...100_000, group: "Limits", help: "instances until the node is FULL",
      detail: "Instances count whatever their state.")
    limitsMemory = flags.bool(
      "mem-limit", group: "Limits", help: "FULL when memory is promised",
      detail: "The node is FULL when the memory promised to instances leaves no room for the smallest one.")
    limitsDisk = flags.bool(
      "disk-limit", group: "Limits", help: "FULL when the disk is promised",
      detail: "The node is FULL when the size of the instances' disks is that of the file system they are on.")
    rejectsWhenFull = flags.bool(
      "reject-when-full", group: "Limits", help: "refuse START above a limit",
      detail: """
        START fails with full_cn where it would exceed one of the limits above. Without this option they only make the \
        node say that it is FULL.
        """)

    network = flags.choice(
      "network", "KIND", default: .none, group: "Network", help: "role for tenants",
      detail: """
        cn: a compute node, for tenants' workloads. nn: a network node, for tenants' own network nodes; its certificate \
        needs the role of a network agent. none: neither; each machine has user-mode networking. launcher-net and \
        launcher-vmm need the same value.
        """)
    computeNetworks = flags.subnets(
      "compute-net", help: "where instances' traffic goes",
      detail: """
        The node's interfaces with an address in one of these subnets carry instances' traffic, and STATS names them; \
        by default all that are up. With -network cn or nn there must be one.
        """)
    managementNetworks = flags.subnets(
      "mgmt-net", help: "where the scheduler is",
      detail: """
        With -network cn or nn the node must have an interface with an address in one of these subnets; by default any \
        that is up.
        """)
    tunnel = flags.choice(
      "tunnel", "KIND", default: .gre, group: "Network", help: "to tenants' concentrators",
      detail: """
        How a compute node's subnets reach their concentrators: by GRE (gretap), with a key made of the subnet's \
        address, or by VXLAN, for kernels without GRE. The number of a VXLAN is made of the same, so no two tenants on \
        a node can have subnets with one address then. All nodes and concentrators of a cluster need the same.
        """)
    preventsSpoofing = flags.bool(
      "anti-spoof", default: true, group: "Network", help: "machines send as themselves only",
      detail: """
        On a compute node a machine's frames leave with its own MAC and, for IPv4 and ARP, its own address, or not at all.
        """)

    statsInterval = flags.duration(
      "stats-interval", default: .seconds(30), in: .milliseconds(100)...(.seconds(3600)), group: "Reports",
      help: "time between two STATS")
    metricsFolder = flags.string(
      "metrics", "FOLDER", default: "", group: "Reports", help: "write launcher.prom there",
      detail: """
        launcher-stats keeps launcher.prom in this folder: the figures of STATS in the OpenMetrics text format, for the \
        textfile collector of Prometheus's node exporter and for launcherctl top. The folder must be writable for \
        launcher-stats's user; launcher makes it where it is missing. Empty: no metrics.
        """, completion: .folder)

    netUser = flags.processUser(.net)
    vmmUser = flags.processUser(.vmm)
    statsUser = flags.processUser(.stats)

    log = LogFlags(in: &flags)

    configuration = flags.string(
      "config", "FILE", default: "", group: "Program", help: "file with options",
      detail: """
        One name = value a line, without dashes; empty lines and lines that begin with # are passed over. The command \
        line replaces what the file says.
        """, completion: .file)
    checksConfiguration = flags.bool(
      "check-config", group: "Program", help: "say what is ready and what is not",
      detail: """
        Checks certificates, folders, tools, firmware, users, KVM and the kernel, prints a table with a remedy for \
        each shortcoming, and ends: status 0 when the node is ready, else 1. Nothing is changed.
        """)
    rendezvous = flags.value(
      "rendezvous", "SOCKET", default: Self.defaultRendezvous, defaultText: Rendezvous.defaultPath, allowed: "a text",
      group: "Program", help: "meeting point",
      detail: """
        The socket at which launcher-net and launcher-stats meet launcher-vmm. Started by another user than root, \
        launcher has it in the user's runtime folder.
        """, completion: .file
    ) { $0 }
    showsVersion = flags.bool(
      "version", group: "Program", help: "say the version",
      detail: "With the commit it was built from and the versions of the libraries.")

    let isProcess = program != .launcher
    user = isProcess ? flags.ownUser() : nil
    netUID = isProcess ? flags.peerUser("net-uid", of: .net) : nil
    statsUID = isProcess ? flags.peerUser("stats-uid", of: .stats) : nil
  }

  private static func servers(_ text: String) -> [ServerAddress]? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { ServerAddress(String($0)) }
    return parts.contains(nil) || parts.count > maximumServers ? nil : parts.compactMap { $0 }
  }

  fileprivate static func subnets(_ text: String) -> [IPv4Subnet]? {
    if text.isEmpty { return [] }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { IPv4Subnet($0) }
    return parts.contains(nil) || parts.count > maximumSubnets ? nil : parts.compactMap { $0 }
  }

  /// Root's place, or one that an unprivileged user may write.
  private static var defaultRendezvous: String {
    if geteuid() == 0 { return Rendezvous.defaultPath }
    let folder = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? "/tmp/launcher-\(getuid())"
    return "\(folder)/launcher/rendezvous"
  }
}

extension FlagSet {
  fileprivate mutating func subnets(_ name: String, help: String, detail: String) -> Flag<[IPv4Subnet]> {
    value(
      name, "SUBNET,...", default: [], defaultText: "", allowed: "subnets such as 10.0.0.0/8, separated by commas",
      group: "Network", help: help, detail: detail, convert: OptionFlags.subnets)
  }

  /// The user that launcher starts a process as.
  fileprivate mutating func processUser(_ process: LauncherProgram) -> Flag<String> {
    string(
      process.rawValue.dropFirst("launcher-".count) + "-user", "USER", default: process.rawValue, group: "Users",
      help: "user of \(process.rawValue)", detail: "By name, or by number as UID:GID or UID:GID:GROUPS; never root.")
  }

  /// The identity that a process started as root takes.
  fileprivate mutating func ownUser() -> Flag<UserIDs?> {
    value(
      "user", "UID:GID[:GROUPS]", default: nil, defaultText: "",
      allowed: "UID:GID or UID:GID:GROUP,GROUP by number, not root", group: "Program",
      help: "user and groups to take when started as root", isInternal: true
    ) { text in UserIDs(text).map { Optional($0) } }
  }

  /// The user of one of the other processes, by number.
  fileprivate mutating func peerUser(_ name: String, of process: LauncherProgram) -> Flag<uid_t?> {
    value(
      name, "USER", default: nil, defaultText: "", allowed: "a user's name or number", group: "Program",
      help: "user that \(process.rawValue) runs as", isInternal: true
    ) { text in
      guard let uid = uid_t(text) ?? getpwnam(text)?.pointee.pw_uid else { return nil }
      return Optional(uid)
    }
  }
}
