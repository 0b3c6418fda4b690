import AsyncLoop
import CShims
import Confinement
import Glibc
import Glog
import Linux
import Networking
import Rights
import ServiceManager
import Settings
import Spawning
import Startup

/// launcher-vmm in a simulation: the manager alone. No child is forked, so there is nobody who could start a program,
/// open a figure or make a network device.
enum SimulatedNode {
  static func run(_ options: Settings) throws -> Never {
    let listener = try Startup.inheritedListener()
    try Startup.closeDescriptors(from: Startup.firstInherited + 1)
    let service = try ServiceManager()
    try Confinement.dropPrivileges(to: options.user, rights: .simulation)
    let logSettings = options.logSettings(of: .vmm)
    log.configure(logSettings)
    log.warning(simulationWarning)
    let store = try InstanceStore(StateFolder(options.stateFolder))
    try store.claim(forSimulation: true)
    let null = try Descriptor.open("/dev/null", O_RDWR)
    let signals = try Signals.descriptor(for: [SIGINT, SIGTERM])
    let powerDown = try Signals.descriptor(for: [SIGPWR])
    let settings = Node.Settings(
      firmware: nil, groups: nil, console: .none, display: nil, stopGrace: options.stopGrace,
      toolDeadline: options.toolDeadline, limits: try NodeLimits(options, instances: store.instances),
      network: options.network, simulatedBoot: ProcessIdentity.bootID())
    let users = Peers.Users(options)
    LoopActor.prepare()
    try options.confine(.simulation, store.surroundings(nil, machineGroups: nil), as: .vmm, logSettings)
    LoopActor.run {
      Startup.endOnSignal(signals, loop: LoopActor.loop) {
        log.info("ending; simulated instances go on running")
        service.stopping()
      }
      service.giveSignsOfLife(on: LoopActor.loop)
      let node = Node(
        store: store, spawner: nil, engine: nil, observer: nil, networkClient: nil, null: null,
        peers: Peers(listener: listener, users: users), service: service, settings)
      await node.run(poweringDownOn: powerDown)
    }
    exit(0)
  }
}
