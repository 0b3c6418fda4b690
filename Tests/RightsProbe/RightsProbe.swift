import CProbe
import CShims
import Channel
import Confinement
import Glibc
import Linux
import Rights
import Spawning

/// Confines itself as a process of launcher does, with the same functions and data, and then tries what that process
/// may not do. Started by the spawner in place of QEMU or a tool it is what a guest that broke out of QEMU would be.
///
///     rights-probe PROCESS UID ATTEMPT FOLDER VICTIM ALLOWED-PORT OTHER-PORT
///
/// Prints `done`, `failed ERRNO` or `killed SIGNAL`, unless a signal ends it.
@main struct RightsProbe {
  static func main() {
    if String(cString: probe_program_name()) != "rights-probe" { Jailed.run() }
    // To be inherited by no program that the spawner starts.
    dup2(STDIN_FILENO, Attempts.inheritedDescriptor)
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count == 7, let uid = uid_t(arguments[1]), let target = Target(Array(arguments[3...])) else {
      fail("usage: rights-probe PROCESS UID ATTEMPT FOLDER VICTIM ALLOWED-PORT OTHER-PORT")
    }
    let user = UserIDs(uid: uid, gid: uid)
    let (process, attempt) = (arguments[0], arguments[2])
    if Attempts.areOnCephFolder.contains(attempt) { CephFolder.make() }
    do {
      if let task = Jailed.tasks[process] { return try Jailed.spawn(task, attempt, target, user) }
      for (suffix, option) in [
        ("-in-window", "-with-ui=window"), ("-with-spice", "-with-ui=spice"), ("-with-rbd", "-volumes=rbd:volumes"),
      ] {
        guard process.hasSuffix(suffix), let task = Jailed.tasks[String(process.dropLast(suffix.count))] else {
          continue
        }
        return try Jailed.spawn(task, attempt, target, user, more: [option])
      }
      if process == "docker" { return try Jailed.spawnContainerTool(attempt, target, user) }
      if process == "taken-over-manager" { return try TakenOverManager.run(attempt, target, user) }
      try confine(process, target, user)
    } catch {
      fail("\(error)")
    }
    make(attempt, target)
  }

  private static func confine(_ process: String, _ target: Target, _ user: UserIDs) throws {
    var surroundings = Surroundings()
    let rights: ProcessRights
    switch process {
    case "nothing": return
    case "user":
      guard sh_set_ids(user.uid, user.gid, nil, 0) == 0 else { fail("cannot become user \(user)") }
      return
    case "launcher":
      try Confinement.dropPrivileges(to: nil, rights: .frontEnd)
      _ = try Confinement.confine(.frontEnd, surroundings)
      return
    case "net":
      rights = .net
      surroundings.schedulerPorts = [target.allowedPort]
    case "resolver": rights = .resolver
    case "stats": rights = .stats
    case "observer": rights = .observer
    case "network": rights = .network
    case "network-of-network-node": rights = ProcessRights.network.forMacvtaps
    case "manager", "manager-with-volumes":
      rights = process == "manager" ? .manager : .manager.withVolumes
      let folders = StateFolder(target.state)
      try surroundings.set(.images, path: folders.images)
      try surroundings.set(.instances, path: folders.instances)
      surroundings.set(.firmware, [])
      try surroundings.set(.machineGroups, path: "\(target.state)/groups")
      try surroundings.set(.volumes, path: "\(target.state)/volumes")
    case "simulation":
      rights = .simulation
      try surroundings.set(.instances, path: StateFolder(target.state).instances)
    case "spawner", "spawner-with-spice", "spawner-with-rbd":
      rights =
        switch process {
        case "spawner": .spawner
        case "spawner-with-spice": ProcessRights.spawner.withSpice
        default: ProcessRights.spawner.withRBD
        }
      surroundings = try Jailer(StateFolder(target.state), ProgramPaths(), firmware: nil).surroundings
    case "containers":
      rights = .containers
      try surroundings.set(.program, path: "\(target.folder)/rights-probe")
    default: fail("no process is called \(process)")
    }
    try Confinement.dropPrivileges(to: user, rights: rights)
    _ = try Confinement.confine(rights, surroundings)
  }

  static func make(_ attempt: String, _ target: Target) -> Never {
    guard let run = Attempts.all[attempt] else { fail("no attempt is called \(attempt)") }
    let code = run(target)
    say(code == 0 ? "done" : "failed \(code)")
    exit(0)
  }

  static func say(_ line: String) { _ = (line + "\n").withCString { write(STDOUT_FILENO, $0, strlen($0)) } }

  static func fail(_ reason: String) -> Never {
    _ = "rights-probe: \(reason)\n".withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(3)
  }
}
