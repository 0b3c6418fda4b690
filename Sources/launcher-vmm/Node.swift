import AsyncLoop
import Channel
import Glog
import Instances
import Linux
import ServiceManager
import Settings
import Spawning

/// The manager: all instances of this node, and what they share.
@LoopActor final class Node {
  let store: InstanceStore
  /// What is said where containers are wanted and off.
  static let containersAreOff = "containers are off on this node: start launcher with -containers"

  /// What is said where volumes are wanted and off.
  static let volumesAreOff = "volumes are off on this node: start launcher with -volumes"

  /// nil in a simulation.
  let observer: ObserverClient?
  /// Instances are made up.
  let isSimulation: Bool
  /// nil: machines have user-mode networking.
  let networks: TenantNetworks?
  private let network: NodeNetwork
  /// nil: off.
  let volumes: (any VolumeStore)?
  /// nil: machines have no limits.
  let groups: MachineGroups?
  private let machines: (any Backend)?
  /// nil: off.
  private(set) var containers: Containers?
  /// Seconds that STOP waits for the guest.
  let stopGrace: Double
  private let limits: NodeLimits
  /// What of the limits the scheduler has configured.
  private var configured = ConfiguredLimits()
  let reports = Reports()
  private let peers: Peers
  private let service: ServiceManager
  private var instances: [Identifier: Instance] = [:]
  private var openRequests = OpenRequests()
  private(set) lazy var maintenance = Maintenance(store) { [unowned self] in instances.values.sorted { $0.id < $1.id } }
  /// Counts of `instances`, which tell of their changes.
  var census = Census()

  struct Settings {
    var firmware: FirmwareFiles?
    var groups: MachineGroups?
    var console: ConsoleKind
    var display: Display?
    var stopGrace: Double
    /// Seconds that a tool may take.
    var toolDeadline: Double
    var limits: NodeLimits
    var network: NodeNetwork
    /// In a simulation: the name of the node's boot.
    var simulatedBoot: String?
    var volumes: VolumePlace?
  }

  init(
    store: InstanceStore, spawner: SpawnerClient<SpawnTask>?, engine: ContainerEngine?, observer: ObserverClient?,
    networkClient: NetworkClient?,
    null: Descriptor, peers: Peers, service: ServiceManager, _ settings: Settings
  ) {
    self.store = store
    self.observer = observer
    network = settings.network
    let networks = networkClient.map { TenantNetworks(settings.network, $0) }
    self.networks = networks
    self.peers = peers
    self.service = service
    groups = settings.groups
    volumes = settings.volumes?.store
    let simulation = settings.simulatedBoot.map { Simulation(store, boot: $0) }
    isSimulation = simulation != nil
    let machines = spawner.map {
      Machines(
        store: store, spawner: $0, null: null, firmware: settings.firmware, groups: settings.groups,
        networks: networks, volumes: settings.volumes?.store, console: settings.console, display: settings.display,
        toolDeadline: settings.toolDeadline)
    }
    self.machines = simulation ?? machines
    stopGrace = settings.stopGrace
    limits = settings.limits
    containers = engine.map { Containers($0, node: self) }
    peers.onNetChannel = { [unowned self] in welcomeNet() }
    peers.onStatsChannel = { [unowned self] in welcomeStats() }
    peers.onNetMessage = { [unowned self] in try handle($0) }
    reports.onNew = { [unowned self] in self.peers.sendToNet(.report(number: $0, request: $1, $2)) }
  }

  /// Starts, and works until this process ends. Each signal that `powerDown` tells of powers the machines down.
  func run(poweringDownOn powerDown: Descriptor) async {
    await start()
    LoopActor.loop.onReadable(powerDown.raw) { [unowned self] in
      guard (try? Signals.next(powerDown)) != nil else { return }
      LoopActor.start { await self.powerDown() }
    }
    _ = await Gate().wait()
  }

  /// Reads the instances that are there, finds their machines again, and then lets the other processes in.
  func start() async {
    #if DEBUG
      StopPoint.folder = store.instances
    #endif
    let started = Moment.now
    let deleted: [InstanceFile]
    do {
      deleted = try store.removeLeftovers()
      for id in try store.list() { instances[id] = Instance(id, node: self) }
    } catch {
      log.fatal("read the instances: \(error)")
    }
    let all = instances.values.sorted { $0.id < $1.id }
    for instance in all { instance.recover() }
    reportStrays()
    await networks?.sweep(keeping: Set(all.map(\.id)))
    tellOfInterrupted(deleted)
    maintenance.recover()
    peers.open()
    service.ready(statusLine)
    await maintenance.goOn()
    // A monitor that does not answer keeps only its own instance waiting.
    try? await together(all.map { instance in { await instance.takeOver() } })
    if let containers { LoopActor.start { await containers.follow() } }
    log.info("\(statusLine), \(Int(started.age * 1000)) ms after the start")
  }

  /// Says which machines run that belong to no instance. They are left alone: whoever took the folder away may want
  /// something of them yet.
  private func reportStrays() {
    if isSimulation { return }
    do {
      for stray in try StrayMachine.all(of: store.instancesPath)
      where !(instances[stray.instance]?.mayHaveMachine ?? false) {
        log.warning(
          "\(stray.instance): process \(stray.pid) is its machine, but its folder does not lead to it; left alone: end"
            + " the process by hand, or stop launcher and use -hard-reset, which also deletes all instances")
      }
    } catch {
      log.warning("look for machines without an instance: \(error)")
    }
  }

  private var statusLine: String {
    "\(census.present) instances, \(census.running) of them running"
  }

  /// Powers down every machine as STOP does, because the operator takes the node down; the instances stay.
  func powerDown() async {
    let running = instances.values.filter(\.isRunning)
    log.info("powering down \(running.count) machines")
    try? await together(running.map { instance in { await instance.powerDown() } })
    log.info("powered down \(running.count) machines")
  }

  /// What launcher-net may ask: every message of its has its line here.
  private func handle(_ message: NetToVMM) throws {
    switch message {
    case .start(let request, let spec, let userData, let metaData, let scheduler, let isRestart):
      let guestData = GuestData(userData: userData, metaData: metaData, scheduler: scheduler)
      try guestData.check()
      if let problem = spec.networkProblem(on: network) { throw WireError(problem) }
      guard (scheduler != nil) == (network == .nn) else { throw WireError("a scheduler where none is due, or none") }
      try enqueue(spec.instance, request, .start(spec, guestData, isRestart: isRestart))
    case .stop(let request, let id): try enqueue(id, request, .stop)
    case .restart(let request, let id): try enqueue(id, request, .restart)
    case .delete(let request, let id): try enqueue(id, request, .delete)
    case .acknowledge(let number): reports.acknowledge(number)
    case .needStatsChannel: peers.introduceAgain()
    case .withdraw(let request, let id): try enqueue(id, request, .withdraw)
    case .evacuate(let request): try carryOut(request) { $0.begin() }
    case .restore(let request): try carryOut(request) { $0.end() }
    case .configure(let limits): configure(limits)
    case .attachVolume(let request, let id, let volume): try enqueue(id, request, .attachVolume(volume))
    case .detachVolume(let request, let id, let volume): try enqueue(id, request, .detachVolume(volume))
    }
  }

  private func enqueue(_ id: Identifier, _ request: Request, _ work: Instance.Work) throws {
    try openRequests.open(request.number)
    log.step("request-received \(id)")
    log.info("\(id): \(work.command.name)\(request.isRepeated ? " (repeated)" : "")")
    let instance = instances[id] ?? Instance(id, node: self)
    instances[id] = instance
    instance.enqueue(request, work)
  }

  /// Carries out what is about the node itself: at once, because the next message may ask for an instance that this one
  /// forbids.
  private func carryOut(_ request: Request, _ change: (Maintenance) -> Void) throws {
    try openRequests.open(request.number)
    change(maintenance)
    LoopActor.start {
      await self.maintenance.settle()
      self.announceCensus()
      self.announceCompleted(request)
    }
  }

  func forget(_ instance: Instance) { instances[instance.id] = nil }

  /// nil: such instances are not run on this node.
  func backend(of kind: InstanceKind) -> (any Backend)? {
    switch kind {
    case .qemu: machines
    case .docker: isSimulation ? machines : containers
    }
  }

  // MARK: containers

  func hasInstance(_ id: Identifier) -> Bool { instances[id]?.exists ?? false }

  var hasContainers: Bool { instances.values.contains(where: \.isContainer) }

  /// Something may have happened to an instance's container.
  func lookAgain(at id: Identifier) { instances[id]?.lookAgain() }

  func lookAtAllContainers() {
    for instance in instances.values where instance.isContainer { instance.lookAgain() }
  }

  /// Removes what an interrupted command left of an instance that is not there, and returns when that is done.
  func removeLeftContainer(of id: Identifier) async {
    let instance = instances[id] ?? Instance(id, node: self)
    instances[id] = instance
    await instance.removeLeftContainer()
  }

  func announce(_ id: Identifier) {
    if let instance = instances[id] { announce(instance) }
  }

  /// Another instance that has a volume, or is being made with it.
  func holder(of volume: Identifier, but instance: Instance) -> Identifier? {
    instances.values.first { $0 !== instance && $0.has(volume) }?.id
  }

  // MARK: capacity

  private var capacity: Capacity { limits.capacity(configured) }

  private func configure(_ new: ConfiguredLimits) {
    guard new != configured else { return }
    configured = new
    for option in limits.overruling(new) {
      log.warning("the scheduler's configuration: \(option) was given, which has the last word")
    }
    log.info(
      "limits: memory \(capacity.memoryMB.map { "\($0) MiB" } ?? "none"), disk \(capacity.diskMB.map { "\($0) MB" } ?? "none")"
    )
    announceCensus()
  }

  /// The limit that a START with this promise would exceed, where that is a reason to refuse it.
  func limitExceeded(by promise: Promise) -> String? {
    capacity.refuses ? capacity.exceeded(by: promise, beside: census.promisedOrReserved) : nil
  }

  // MARK: tenants' subnets

  /// Tells the scheduler of an instance that is there now, if it is the first of its subnet; or `again`, whether it is
  /// or not, because what was told before an interruption may be lost.
  func tellOfArrival(of instance: Instance, again: Bool = false) {
    guard network == .cn, let subnet = instance.tenantSubnet else { return }
    if again || census.members(of: subnet) == 1 { reports.add(.tenantAdded(subnet)) }
  }

  /// Tells the scheduler of a subnet that an instance has left, if that was its last one.
  func tellOfDeparture(from subnet: TenantSubnet?) {
    guard network == .cn, let subnet else { return }
    guard census.members(of: subnet) == 0 else { return }
    reports.add(.tenantRemoved(subnet))
  }

  /// Tells of the subnets of instances whose START or DELETE was interrupted: perhaps again.
  private func tellOfInterrupted(_ deleted: [InstanceFile]) {
    func unique(_ subnets: [TenantSubnet]) -> [TenantSubnet] {
      subnets.reduce(into: []) { list, next in if !list.contains(where: next.isSame(as:)) { list.append(next) } }
    }
    for subnet in unique(deleted.compactMap { TenantSubnet(of: $0.spec) }) { tellOfDeparture(from: subnet) }
    guard network == .cn else { return }
    for subnet in unique(instances.values.filter(\.hasNeverRun).compactMap(\.tenantSubnet)) {
      reports.add(.tenantAdded(subnet))
    }
  }

  // MARK: what the other processes are told

  /// How many instances there are, whatever their state, and whether the node takes more.
  private var censusMessage: VMMToNet {
    .census(
      UInt32(clamping: census.present), isFull: capacity.isFull(census.promised),
      isInMaintenance: maintenance.isTold)
  }

  func announceCensus() { peers.sendToNet(censusMessage) }

  func announceCompleted(_ request: Request) {
    openRequests.close(request.number)
    log.step("request-completed")
    peers.sendToNet(.completed(request.number))
  }

  func announce(_ instance: Instance) {
    service.status(statusLine)
    if let record = instance.record { peers.sendToStats(.instance(record, instance.files)) }
  }

  func announceRemoval(of id: Identifier) {
    service.status(statusLine)
    peers.sendToStats(.removed(id))
  }

  private func welcomeNet() {
    openRequests.beginChannel()
    peers.sendToNet(.network(network))
    peers.sendToNet(censusMessage)
    for (number, request, report) in reports.open {
      peers.sendToNet(.report(number: number, request: request, report))
    }
  }

  private func welcomeStats() {
    for instance in instances.values { announce(instance) }
    peers.sendToStats(.complete)
  }
}
