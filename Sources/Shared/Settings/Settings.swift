public import Confinement
import Glibc
public import Glog
public import GoFlags
public import Instances

/// What an operator decides: the values of all options of launcher and its processes.
///
/// Every option is defined here and nowhere else. launcher takes them all and hands those that were given to each
/// process, which takes the same ones and uses what it needs; so the units' processes can share one configuration file,
/// and front end, processes, help, manuals and completions cannot disagree.
public struct Settings: Sendable {
  /// How machines run.
  public enum Virtualisation: String, CaseIterable, Sendable {
    case kvm
    case software
    case auto
  }

  public let servers: [ServerAddress]
  public let authorities: String
  public let certificate: String
  public let dialect: SSNTPDialect
  /// Frames that are sent carry a trace.
  public let tracesFrames: Bool
  public let stateFolder: String
  public let virtualisation: Virtualisation
  /// Seconds.
  public let stopGrace: Double
  /// Seconds: creating an overlay or a small ISO takes well under one; a storm of them on a busy disk some.
  public let toolDeadline: Double
  /// Delete all instances and end, instead of running them.
  public let isHardReset: Bool
  /// Instances are records with a made-up life: nothing is executed.
  public let isSimulation: Bool
  public let console: ConsoleKind
  /// The file of the EFI firmware; empty: where the distribution has it.
  public let firmware: String
  public let volumes: VolumeLocation
  /// vm_type docker is carried out.
  public let runsContainers: Bool
  /// The file of docker's command line; empty: where the distribution has it.
  public let containerTool: String
  public let containerSocket: String
  /// As the operator names it; empty: no group is needed.
  public let containerGroupName: String
  /// Seconds.
  public let pullDeadline: Double
  public let maximumInstances: Int
  public let limitsMemory: Bool
  public let limitsDisk: Bool
  public let rejectsWhenFull: Bool
  public let network: NodeNetwork
  public let computeNetworks: [IPv4Subnet]
  public let managementNetworks: [IPv4Subnet]
  public let tunnel: TunnelKind
  /// Machines on a compute node can send with no address but their own.
  public let preventsSpoofing: Bool
  /// Seconds.
  public let statsInterval: Double
  /// Empty: no metrics.
  public let metricsFolder: String
  public let netUser: String
  public let vmmUser: String
  public let statsUser: String
  public let rendezvous: String
  public let checksConfiguration: Bool
  public let showsVersion: Bool
  public let log: LogOptions

  /// Whom a process becomes, and whom it meets: said by launcher, not by people.
  public let user: UserIDs?
  public let netUID: uid_t?
  public let statsUID: uid_t?

  /// The names of the options that the command line or the configuration file gave.
  private let given: Set<String>
  /// What was given, as arguments for the processes.
  public let arguments: [String]

  /// Reads the arguments behind the program's name, and the configuration file that they name.
  public init(_ program: LauncherProgram, _ arguments: [String]) throws(FlagError) {
    var flags = FlagSet(program: program.rawValue, summary: program.summary)
    let options = OptionFlags(in: &flags, program)
    var parsed = try flags.parse(arguments)
    let path = parsed[options.configuration]
    if !path.isEmpty {
      let file = try flags.configuration(ConfigurationFile.read(path), path: path)
      parsed = try flags.parse(arguments, configuration: file)
    }
    if let first = parsed.arguments.first { throw .badSyntax(argument: first) }
    servers = parsed[options.servers]
    authorities = parsed[options.authorities]
    certificate = parsed[options.certificate]
    dialect = parsed[options.dialect]
    tracesFrames = parsed[options.tracesFrames]
    stateFolder = parsed[options.stateFolder]
    virtualisation = parsed[options.virtualisation]
    stopGrace = parsed[options.stopGrace] / .seconds(1)
    toolDeadline = parsed[options.toolDeadline] / .seconds(1)
    isHardReset = parsed[options.hardReset]
    isSimulation = parsed[options.simulation]
    console = parsed[options.console]
    firmware = parsed[options.firmware]
    volumes = parsed[options.volumes]
    runsContainers = parsed[options.containers]
    containerTool = parsed[options.containerTool]
    containerSocket = parsed[options.containerSocket]
    containerGroupName = parsed[options.containerGroup]
    pullDeadline = parsed[options.pullDeadline] / .seconds(1)
    maximumInstances = parsed[options.maximumInstances]
    limitsMemory = parsed[options.limitsMemory]
    limitsDisk = parsed[options.limitsDisk]
    rejectsWhenFull = parsed[options.rejectsWhenFull]
    network = parsed[options.network]
    computeNetworks = parsed[options.computeNetworks]
    managementNetworks = parsed[options.managementNetworks]
    tunnel = parsed[options.tunnel]
    preventsSpoofing = parsed[options.preventsSpoofing]
    statsInterval = parsed[options.statsInterval] / .seconds(1)
    metricsFolder = parsed[options.metricsFolder]
    netUser = parsed[options.netUser]
    vmmUser = parsed[options.vmmUser]
    statsUser = parsed[options.statsUser]
    rendezvous = parsed[options.rendezvous]
    checksConfiguration = parsed[options.checksConfiguration]
    showsVersion = parsed[options.showsVersion]
    log = options.log.options(parsed, stateFolder: stateFolder)
    user = options.user.flatMap { parsed[$0] }
    netUID = options.netUID.flatMap { parsed[$0] }
    statsUID = options.statsUID.flatMap { parsed[$0] }
    given = parsed.names
    self.arguments = parsed.arguments(except: OptionFlags.namesOfFrontEnd)
  }

  /// Whether the operator decided it: then no scheduler's configuration does.
  public func isGiven(_ option: String) -> Bool { given.contains(option) }

  /// The group that may use the container engine's socket; nil where there is none, or no containers are run.
  public var containerGroup: gid_t? {
    guard runsContainers, !containerGroupName.isEmpty else { return nil }
    return gid_t(containerGroupName) ?? getgrnam(containerGroupName)?.pointee.gr_gid
  }

  /// Where machines' windows are to appear; nil: nowhere.
  public var display: Display? { console == .window ? Display.named.flatMap(Display.init) : nil }

  /// An option that this node cannot carry out, with what to do instead; nil when there is none.
  public var obstacle: String? {
    console.obstacle().map { "-with-ui=\(console.rawValue): \($0.reason); \($0.remedy)" }
  }

  /// The options of a program, for its help text and manuals.
  public static func flags(of program: LauncherProgram) -> FlagSet {
    var flags = FlagSet(program: program.rawValue, summary: program.summary)
    _ = OptionFlags(in: &flags, program)
    return flags
  }

  /// This process's log, for the user it will run as.
  public func logSettings(of program: LauncherProgram, part: String? = nil) -> LogSettings {
    log.settings(program: program.rawValue, part: part, user: user?.uid ?? getuid())
  }
}

/// What is said wherever somebody might take a simulation for a node.
public let simulationWarning =
  "SIMULATION: instances are made up; nothing is executed, and no disk, machine, container or network device is made"

/// The programs that share these options.
public enum LauncherProgram: String, CaseIterable, Sendable {
  case launcher
  case net = "launcher-net"
  case vmm = "launcher-vmm"
  case stats = "launcher-stats"

  public var summary: String {
    switch self {
    case .launcher: "runs the agent of a compute or network node"
    case .net: "speaks SSNTP for a node; started by launcher or its unit"
    case .vmm: "runs the instances of a node; started by launcher or its unit"
    case .stats: "measures a node; started by launcher or its unit"
    }
  }
}
