import CShims
import Channel
import Confinement
import Glibc
import Glog
import Linux
import Loop
import Rights
import Settings

/// The child of launcher-vmm that runs the container tool, where containers are on. It alone may use the engine's socket.
public enum ContainerSpawner {
  /// Forks it; returns in the parent with its end of the channel. The child never returns.
  public static func fork(_ tool: ContainerTool, _ options: Settings) throws(SystemError) -> Descriptor {
    try ChildFork.fork("vmm-containers") { socket in
      log.configure(options.log.early)
      do {
        try run(tool, options, socket)
      } catch {
        log.fatal("containers: \(error)")
      }
      exit(0)
    }
  }

  private static func run(_ tool: ContainerTool, _ options: Settings, _ socket: Descriptor) throws {
    let group = options.containerGroup.map { [$0] } ?? []
    let user = options.user.map { UserIDs(uid: $0.uid, gid: $0.gid, groups: $0.groups + group) }
    try Confinement.dropPrivileges(to: user, rights: .containers)
    let logSettings = options.logSettings(of: .vmm, part: "launcher-vmm-containers")
    log.configure(logSettings)
    let signals = try Signals.descriptor(for: [SIGCHLD, SIGINT, SIGTERM, SIGHUP])
    let loop = try EventLoop()
    let planner = try ContainerPlanner(tool, options)
    try options.confine(.containers, planner.surroundings, as: .vmm, logSettings)
    Spawner(planner, loop).serve(socket, signals)
  }
}

/// The command lines and the jail of the container tool.
private struct ContainerPlanner: ChildPlanner {
  private let tool: ContainerTool
  private let program: Descriptor
  private let filter: [UInt8]
  private let commandLine: ContainerCommandLine

  init(_ tool: ContainerTool, _ options: Settings) throws {
    self.tool = tool
    program = try .name(tool.path, followingLinks: true)
    filter = try SeccompFilter.program(ProcessRights.containerTool.seccomp)
    let instances = try Descriptor.open(StateFolder(options.stateFolder).instances, O_RDONLY | O_DIRECTORY)
    commandLine = ContainerCommandLine(
      socket: options.containerSocket, node: try NodeToken(in: instances).id)
  }

  var surroundings: Surroundings {
    var surroundings = Surroundings()
    surroundings.set(.program, [program])
    return surroundings
  }

  func plan(_ task: ContainerTask) throws -> ChildPlan {
    let rights = ProcessRights.containerTool
    var ruleset: Descriptor?
    if case .domain(let policy) = rights.landlock { ruleset = try Landlock.ruleset(policy, surroundings) }
    return ChildPlan(
      name: ContainerTool.name, path: tool.path, arguments: commandLine.arguments(for: task),
      // It has no configuration of launcher-vmm's user, nor is one of the operator's meant.
      environment: [
        "PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/nonexistent", "DOCKER_CONFIG=/nonexistent",
      ],
      jail: Jailer.Jail(ruleset: ruleset, filter: filter, limits: rights.limits, folder: "/"),
      flags: UInt32(SH_SPAWN_SETSID | SH_SPAWN_DIE_WITH_PARENT))
  }
}
