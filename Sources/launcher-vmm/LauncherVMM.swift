import AsyncLoop
import CShims
import Channel
import Confinement
import Glibc
import Glog
import Linux
import Loop
import Networking
import Rights
import ServiceManager
import Settings
import Spawning
import Startup

/// launcher-vmm: the process that may touch machines, disks and devices, and parses nothing from the network.
@main struct LauncherVMM {
  private struct Unusable: Error, CustomStringConvertible {
    let description: String
  }

  /// The firmware of EFI machines; nil when there is none.
  private static func firmware(_ options: Settings) throws(Unusable) -> FirmwareFiles? {
    if options.firmware.isEmpty { return .installed() }
    guard let firmware = FirmwareFiles.chosen(options.firmware) else {
      throw Unusable(description: "-ovmf \(options.firmware): cannot be read by user \(getuid())")
    }
    return firmware
  }

  /// The control groups of machines; nil, with a warning, where the unit's is not delegated to `user`.
  private static func groups(of user: uid_t) -> MachineGroups? {
    do {
      return try MachineGroups(for: user)
    } catch {
      log.warning("machines run without limits of memory and CPU: \(error)")
      return nil
    }
  }

  static func main() {
    let options = Settings.ofThisProcess(.vmm, libraries: Confinement.libraryVersions)
    if options.checksConfiguration { VMMReadiness.report(options) }
    log.configure(options.log.early)
    umask(0o077)
    if let obstacle = options.obstacle { log.fatal(obstacle, status: Settings.usageStatus) }
    do {
      if options.isHardReset { exit(try HardReset.run(options)) }
      try options.requireInterfaces()
      if options.isSimulation { try SimulatedNode.run(options) }
      let listener = try Startup.inheritedListener()
      try Startup.closeDescriptors(from: Startup.firstInherited + 1)
      let programs = ProgramPaths()
      for program in programs.missing { log.error("\(program.name) is not installed: instances cannot be started") }
      let firmware = try firmware(options)
      let groups = groups(of: options.user?.uid ?? getuid())
      let containers = try ContainerEngine.fork(options)
      let spawner = try MachineSpawner.fork(paths: programs, firmware: firmware, options)
      let observer = try Observer.fork(options)
      let network = try NetworkHelper.fork(options)
      let service = try ServiceManager()
      try Confinement.dropPrivileges(to: options.user, rights: .manager)
      let logSettings = options.logSettings(of: .vmm)
      log.configure(logSettings)
      let store = try InstanceStore(StateFolder(options.stateFolder))
      try store.claim(forSimulation: false)
      let null = try Descriptor.open("/dev/null", O_RDWR)
      let signals = try Signals.descriptor(for: [SIGINT, SIGTERM])
      let powerDown = try Signals.descriptor(for: [SIGPWR])
      let volumes = try VolumePlace(options.volumes)
      let settings = Node.Settings(
        firmware: firmware, groups: groups, console: options.console, display: options.display,
        stopGrace: options.stopGrace, toolDeadline: options.toolDeadline,
        limits: try NodeLimits(options, instances: store.instances), network: options.network, volumes: volumes)
      if let display = options.display {
        log.warning(
          "-with-ui=window: who breaks out of a machine into its QEMU can see and use the other windows of display \(display.name); run guests that you trust alone"
        )
      }
      let users = Peers.Users(options)
      LoopActor.prepare()
      try options.confine(
        options.volumes.folder == nil ? .manager : .manager.withVolumes,
        store.surroundings(firmware, machineGroups: groups?.path, volumes: options.volumes.folder), as: .vmm,
        logSettings)
      LoopActor.run {
        Startup.endOnSignal(signals, loop: LoopActor.loop) {
          log.info("ending; machines go on running")
          service.stopping()
        }
        service.giveSignsOfLife(on: LoopActor.loop)
        let client = SpawnerClient<SpawnTask>(spawner) {
          log.fatal("the spawner has ended (\($0)); starting anew", status: Startup.startAgainStatus)
        }
        let observer = ObserverClient(observer) {
          log.fatal("the observer has ended (\($0)); starting anew", status: Startup.startAgainStatus)
        }
        let networkClient = network.map {
          NetworkClient($0) {
            log.fatal("the network child has ended (\($0)); starting anew", status: Startup.startAgainStatus)
          }
        }
        let engine = containers.map { ContainerEngine($0, null: null, options) }
        let node = Node(
          store: store, spawner: client, engine: engine, observer: observer, networkClient: networkClient, null: null,
          peers: Peers(listener: listener, users: users), service: service, settings)
        await node.run(poweringDownOn: powerDown)
      }
    } catch {
      log.fatal("\(error)")
    }
  }
}
