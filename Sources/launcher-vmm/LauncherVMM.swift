import AsyncLoop
import CShims
import Channel
import Confinement
import Glibc
import Glog
import GoFlags
import Linux
import Loop
import Rights
import ServiceManager
import Startup

/// launcher-vmm: the process that may touch machines, disks and devices, and parses nothing from the network.
@main struct LauncherVMM {
  /// Descriptors: six for each of thousands of machines, and two for each START in hand.
  private static let openFiles: rlim_t = 65_536

  static func main() {
    let options = Startup.options { (arguments) throws(FlagError) in try Options(arguments) }
    log.configure(options.log)
    umask(0o077)
    do {
      if options.isHardReset { exit(try HardReset.run(options)) }
      let listener = try Startup.inheritedListener()
      try Startup.closeDescriptors(from: Startup.firstInherited + 1)
      Startup.raiseOpenFiles(to: openFiles)
      let programs = ProgramPaths()
      for program in programs.missing { log.error("\(program.name) is not installed: instances cannot be started") }
      let spawner = try Spawner.fork(paths: programs, user: options.user, log: options.log)
      let service = try ServiceManager()
      try Confinement.dropPrivileges(to: options.user, rights: .manager)
      let store = try InstanceStore(stateFolder: options.stateFolder)
      let null = try Descriptor.open("/dev/null", O_RDWR)
      let signals = try Signals.descriptor(for: [SIGINT, SIGTERM])
      let powerDown = try Signals.descriptor(for: [SIGPWR])
      let settings = Node.Settings(
        accelerator: Accelerators.choose(options.virtualisation), firmware: FirmwareFiles(),
        stopGrace: options.stopGrace, toolDeadline: options.toolDeadline)
      LoopActor.prepare()
      try Confinement.filterSystemCalls(.manager)
      LoopActor.run {
        Startup.endOnSignal(signals, loop: LoopActor.loop) {
          log.info("ending; machines go on running")
          service.stopping()
        }
        service.giveSignsOfLife(on: LoopActor.loop)
        let client = SpawnerClient(spawner) {
          log.fatal("the spawner has ended (\($0)); starting anew", status: Startup.startAgainStatus)
        }
        let node = Node(
          store: store, spawner: client, null: null, peers: Peers(listener: listener, users: options.users),
          service: service, settings)
        await node.run()
        LoopActor.loop.onReadable(powerDown.raw) {
          guard (try? Signals.next(powerDown)) != nil else { return }
          LoopActor.start { await node.powerDown() }
        }
        _ = await Gate().wait()
        withExtendedLifetime(node) {}
      }
    } catch {
      log.fatal("\(error)")
    }
  }
}
