import AsyncLoop
import Confinement
import Glibc
import Glog
import Instances
import Linux
import Loop
import Networking
import Rights
import Settings
import Spawning

/// `-hard-reset`: ends the machines and containers of all instances and removes the instances, whatever their state
/// files say, and their networks.
///
/// It needs neither a scheduler nor the other processes, and runs with the rights of the manager.
enum HardReset {
  /// Does it, says what it did, and gives the exit status: 1 when something is left.
  static func run(_ options: Settings) throws -> Int32 {
    let network = try NetworkHelper.fork(options)
    let containers = try ContainerEngine.fork(options)
    try Confinement.dropPrivileges(to: options.user, rights: .manager)
    let null = try Descriptor.open("/dev/null", O_RDWR)
    let store = try InstanceStore(StateFolder(options.stateFolder))
    // Whoever plays does not delete what is real.
    if options.isSimulation { try store.claim(forSimulation: true) }
    LoopActor.prepare()
    if let warning = try Confinement.confine(.manager, store.surroundings(nil, machineGroups: nil)) {
      log.warning(warning)
    }
    let outcome = Outcome()
    LoopActor.run {
      let engine = containers.map { ContainerEngine($0, null: null, options) }
      await reset(store, engine, outcome)
      if let network, !(await resetNetworks(options, network)) { outcome.status = 1 }
      LoopActor.loop.stop()
    }
    return outcome.status
  }

  private final class Outcome: @unchecked Sendable {
    var status: Int32 = 1
  }

  @LoopActor private static func reset(_ store: InstanceStore, _ engine: ContainerEngine?, _ outcome: Outcome) async {
    // Before the instances, which are all that is known of a node without an engine.
    let areContainersGone = if let engine { await Containers.removeAll(engine) } else { true }
    do {
      try store.removeLeftovers()
      let all = try store.list()
      var deleted = 0
      try await together(
        all.map { id in
          {
            do {
              try await delete(id, store, engine)
              deleted += 1
            } catch {
              log.error("\(id): \(error)")
            }
          }
        })
      log.info("hard reset of \(store.instancesPath): \(deleted) of \(all.count) instances deleted")
      let areStraysGone = try await endStrays(store)
      try MaintenanceFile.remove(from: store.instances)
      outcome.status = deleted == all.count && areStraysGone && areContainersGone ? 0 : 1
    } catch {
      log.error("hard reset: \(error)")
    }
  }

  /// Ends the machines that no instance leads to any more; false when one is still there.
  @LoopActor private static func endStrays(_ store: InstanceStore) async throws -> Bool {
    // The machine of an instance that could not be deleted is that instance's.
    let kept = Set(try store.list())
    var areGone = true
    for stray in try StrayMachine.all(of: store.instancesPath) where !kept.contains(stray.instance) {
      if await stray.kill() {
        log.info("\(stray.instance): its folder was gone; its machine, process \(stray.pid), was killed")
      } else {
        log.error("\(stray.instance): its folder is gone, and its machine, process \(stray.pid), does not end")
        areGone = false
      }
    }
    return areGone
  }

  /// Removes what instances have of networks, also of instances that are not there; false when some is left.
  @LoopActor private static func resetNetworks(_ options: Settings, _ socket: Descriptor) async -> Bool {
    let client = NetworkClient(socket) { log.fatal("hard reset: the network child has ended: \($0)") }
    return await TenantNetworks(options.network, client).removeAll()
  }

  @LoopActor private static func delete(_ id: Identifier, _ store: InstanceStore, _ engine: ContainerEngine?)
    async throws
  {
    let file = try? store.readState(of: id)
    if try file?.spec.kind == .docker && engine == nil && !store.isSimulated {
      throw Unlaunchable(description: Node.containersAreOff)
    }
    let run = file?.run
    var end = "no machine ran"
    if let folder = try? store.folder(of: id), let found = Machine.find(id, in: folder, recorded: run),
      let machine = await Machine.takeOver(found)
    {
      guard await machine.kill() else {
        throw Machine.Failure(description: "its machine, process \(machine.pid), does not end; the instance is kept")
      }
      end = "its machine, process \(machine.pid), was killed"
    }
    try store.remove(id)
    log.info("\(id): deleted; \(end)")
  }
}
