import Confinement
import Glibc
import Glog
import Linux
import Loop
import Rights
import Settings
import Startup

/// launcher: what a person types. Starts launcher-net, launcher-vmm and launcher-stats, each as its user, and keeps
/// them running. Under systemd three units and a socket unit do this instead.
@main struct Launcher {
  static func main() {
    let options = Settings.ofThisProcess(
      .launcher, libraries: Confinement.libraryVersions, document: Documents.text)
    if options.checksConfiguration { CheckConfiguration.run(options, programs: programFolder) }
    log.configure(options.log.early)
    if options.isSimulation { log.warning(simulationWarning) }
    if let obstacle = options.obstacle { log.fatal(obstacle, status: Settings.usageStatus) }
    // The modes of the folders are meant: other users go through them.
    umask(0o022)
    do {
      try Startup.closeDescriptors(from: Startup.firstInherited)
      let users = geteuid() == 0 ? try ProcessUsers(options) : nil
      if users == nil {
        log.warning(
          "not started as root: all processes run as user \(getuid()), which is for development; they are not protected from each other"
        )
      }
      if options.isHardReset { try hardReset(options, users) }
      try Folders.prepareLogs(options, users: users)
      log.configure(options.logSettings(of: .launcher))
      try Folders.prepare(options, users: users)
      let listener = try RendezvousSocket.make(at: options.rendezvous, users: users)
      let signals = try Signals.descriptor(for: [SIGINT, SIGTERM, SIGCHLD])
      let loop = try EventLoop()
      let supervisor = Supervisor(
        programs(options, users, listener), loop: loop, null: try Descriptor.open("/dev/null", O_RDWR))
      let rights = options.network == .none ? ProcessRights.frontEnd.withoutNetworks : .frontEnd
      try Confinement.dropPrivileges(to: nil, rights: rights)
      if let warning = try Confinement.confine(rights, Surroundings()) { log.warning(warning) }
      loop.onReadable(signals.raw) {
        while let signal = try? Signals.next(signals) {
          if signal == SIGCHLD { supervisor.reap() } else { supervisor.stop() }
        }
      }
      supervisor.start()
      loop.run()
      unlink(options.rendezvous)
      exit(supervisor.status)
    } catch {
      log.fatal("\(error)")
    }
  }

  /// Becomes launcher-vmm, whose instances they are.
  private static func hardReset(_ options: Settings, _ users: ProcessUsers?) throws(SystemError) -> Never {
    let path = programFolder + "/launcher-vmm"
    CStrings.with(["launcher-vmm"] + options.arguments + (users.map { ["-user=\($0.vmm)"] } ?? [])) {
      _ = execv(path, $0)
    }
    throw SystemError("execute", path)
  }

  /// The programs stand beside this one.
  private static var programFolder: String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let own = String(decoding: buffer[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
  }

  private static func programs(_ options: Settings, _ users: ProcessUsers?, _ listener: Descriptor)
    -> [Supervisor.Program]
  {
    let folder = programFolder
    let uids = users.map { ["-net-uid=\($0.net.uid)", "-stats-uid=\($0.stats.uid)"] } ?? []
    func process(
      _ program: LauncherProgram, _ user: UserIDs?, _ more: [String] = [], _ listener: Descriptor? = nil
    ) -> Supervisor.Program {
      Supervisor.Program(
        name: program.rawValue, path: "\(folder)/\(program.rawValue)", arguments: options.arguments + more,
        user: user, listener: listener)
    }
    var vmm = process(.vmm, users?.vmm, uids, listener)
    vmm.display = options.display
    return [
      vmm, process(.stats, users?.stats), process(.net, users?.net),
    ]
  }
}
