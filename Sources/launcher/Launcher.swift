import Confinement
import Glibc
import Glog
import GoFlags
import Linux
import Loop
import Rights
import Startup

/// launcher: what a person types. Starts launcher-net, launcher-vmm and launcher-stats, each as its user, and keeps
/// them running. Under systemd three units and a socket unit do this instead.
@main struct Launcher {
  static func main() {
    let options = Startup.options { (arguments) throws(FlagError) in try Options(arguments) }
    log.configure(options.log)
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
      try Folders.prepare(stateFolder: options.stateFolder, users: users)
      let listener = try RendezvousSocket.make(at: options.rendezvous, users: users)
      let signals = try Signals.descriptor(for: [SIGINT, SIGTERM, SIGCHLD])
      let loop = try EventLoop()
      let supervisor = Supervisor(
        try programs(options, users, listener), loop: loop, null: try Descriptor.open("/dev/null", O_RDWR))
      try Confinement.dropPrivileges(to: nil, rights: .frontEnd)
      try Confinement.filterSystemCalls(.frontEnd)
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
  private static func hardReset(_ options: Options, _ users: ProcessUsers?) throws(SystemError) -> Never {
    let path = try ownFolder() + "/launcher-vmm"
    CStrings.with(["launcher-vmm"] + options.vmmArguments + (users.map { ["-user=\($0.vmm)"] } ?? [])) {
      _ = execv(path, $0)
    }
    throw SystemError("execute", path)
  }

  /// The programs stand beside this one.
  private static func ownFolder() throws(SystemError) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    guard length > 0 else { throw SystemError("readlink", "/proc/self/exe") }
    let own = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
  }

  private static func programs(_ options: Options, _ users: ProcessUsers?, _ listener: Descriptor) throws(SystemError)
    -> [Supervisor.Program]
  {
    let folder = try ownFolder()
    let uids = users.map { ["-net-uid=\($0.net.uid)", "-stats-uid=\($0.stats.uid)"] } ?? []
    return [
      ("launcher-vmm", options.vmmArguments + uids, users?.vmm, listener),
      ("launcher-stats", options.statsArguments, users?.stats, nil),
      ("launcher-net", options.netArguments, users?.net, nil),
    ].map { Supervisor.Program(name: $0.0, path: "\(folder)/\($0.0)", arguments: $0.1, user: $0.2, listener: $0.3) }
  }
}
