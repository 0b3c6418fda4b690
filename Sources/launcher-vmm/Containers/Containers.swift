import AsyncLoop
import Channel
import Glibc
import Glog
import Instances
import Linux

/// Containers: an instance's folder holds its state alone, the rest is the engine's.
@LoopActor final class Containers: Backend {
  /// Seconds between two looks at how much the containers have written: the engine walks all their files for it.
  private static let sizeInterval = 30.0
  /// Seconds before the engine is asked again when it does not answer, doubled each time.
  private static let firstDelay = 1.0
  private static let longestDelay = 30.0

  private let engine: ContainerEngine
  private let networks: ContainerNetworks?
  private unowned let node: Node
  private var sizes: [Identifier: Int] = [:]
  private var isAnswering = true
  /// Its events have ended at least once.
  private var wasInterrupted = false

  init(_ engine: ContainerEngine, node: Node) {
    self.engine = engine
    self.node = node
    networks = node.networks.map { ContainerNetworks(engine, $0) }
  }

  // MARK: Backend

  func obstacle(to spec: InstanceSpec) -> String? {
    spec.volumes.isEmpty ? nil : "storage: a container cannot have volumes; only a machine can (vm_type: qemu)"
  }

  func backingImage(of spec: InstanceSpec) throws -> BackingImage? { nil }

  /// Its image is fetched before it gets a name.
  func furnish(_ file: InstanceFile, in folder: InstanceStore.Folder, _ guestData: GuestData) async throws
    -> NetworkPlace?
  {
    guard let container = file.spec.container else { return nil }
    try await engine.fetch(container.image, for: file.spec.instance)
    StopPoint.imageFetched.reach()
    // What an earlier instance of this name left while the engine did not answer is not this one's.
    try await discard(file.spec.instance)
    let bridge = try await networks?.join(file.spec)
    StopPoint.containerNetworkMade.reach()
    return bridge.map { .bridge($0) }
  }

  func start(_ file: InstanceFile, in folder: InstanceStore.Folder, _ place: NetworkPlace?) async throws
    -> any Runner
  {
    let instance = file.spec.instance
    let bridge: TenantBridge?
    if case .bridge(let present) = place { bridge = present } else { bridge = try await networks?.join(file.spec) }
    if try await engine.inspect(instance) == nil {
      try await create(file.spec, on: bridge)
      StopPoint.containerMade.reach()
    }
    try await start(file.spec, on: bridge)
    StopPoint.containerStarted.reach()
    guard let state = try await engine.inspect(instance) else {
      throw Unlaunchable(description: "its container was removed by somebody else while it was started")
    }
    if bridge != nil, state.isRunning, state.mac != file.spec.network.mac {
      try await engine.run(.kill(instance))
      throw TenantNetworks.Failure(
        description: "the container engine gave it MAC \(state.mac?.description ?? "none"), not its vnic_mac")
    }
    return Container(instance, state, engine)
  }

  private func start(_ spec: InstanceSpec, on bridge: TenantBridge?) async throws {
    do {
      try await engine.run(.start(spec.instance))
    } catch {
      guard let networks, let bridge else { throw error }
      log.warning("\(spec.instance): \(error); trying again with its network made anew")
      try await networks.startAnew(spec, on: bridge)
    }
  }

  private func create(_ spec: InstanceSpec, on bridge: TenantBridge?) async throws {
    do {
      try await engine.run(.create(spec, on: bridge, limitingDisk: true))
    } catch {
      // An earlier launcher-vmm may have asked for it, and the engine has made it only now.
      if try await engine.inspect(spec.instance) != nil { return }
      guard let disk = spec.resources.diskMB else { throw error }
      try await engine.run(.create(spec, on: bridge, limitingDisk: false))
      log.warning("\(spec.instance): disk_mb \(disk) is not enforced, the container engine cannot: \(error)")
    }
  }

  func find(_ instance: Identifier, _ file: InstanceFile?, in folder: InstanceStore.Folder) -> (any Remains)? {
    file.map { ContainerRemains(instance: $0.spec.instance, containers: self) }
  }

  /// The container if it was started at all, whether it runs or has ended.
  fileprivate func present(_ instance: Identifier) async throws -> Container? {
    guard let state = try await engine.inspect(instance), state.hasRun else { return nil }
    return Container(instance, state, engine)
  }

  func look(for instance: Identifier) async throws -> (any Runner)? {
    guard let container = try await present(instance) else {
      log.verbose(1) { "\(instance): has no container" }
      return nil
    }
    if container.hasEnded {
      let state = container.state
      let why = state.wasKilledForMemory ? ", killed for want of memory" : ""
      log.verbose(1) { "\(instance): container \(state.id) ended with status \(state.exitStatus)\(why)" }
      return nil
    }
    return container
  }

  func discard(_ instance: Identifier) async throws {
    do {
      try await engine.run(.remove(instance))
    } catch {
      guard try await !engine.list().contains(instance) else { throw error }
    }
    StopPoint.containerRemoved.reach()
    sizes[instance] = nil
  }

  /// Removes the engine's networks above bridges that no container needs any more.
  func removeUnusedNetworks() async { await networks?.removeUnused() }

  /// What it has written, in 10^6 bytes; nil where that is not known.
  func diskMB(of instance: Identifier) -> Int? { sizes[instance] }

  // MARK: events

  /// Follows the engine's events for ever. Whenever there was a gap, all containers are looked at.
  func follow() async {
    LoopActor.start { await self.measure() }
    var delay = Self.firstDelay
    while true {
      if await followOnce() { delay = Self.firstDelay }
      await LoopActor.sleep(until: .after(seconds: delay))
      delay = min(2 * delay, Self.longestDelay)
    }
  }

  /// False when the engine did not answer.
  private func followOnce() async -> Bool {
    do {
      // The engine repeats what happened from this second on, so nothing is lost until it is connected.
      let following = try await engine.follow(since: UInt64(max(1, time(nil) - 1))) { [unowned self] instance in
        node.lookAgain(at: instance)
      }
      do {
        try await synchronise()
      } catch {
        following.end()
        _ = await following.waitForEnd()
        throw error
      }
      if !isAnswering || wasInterrupted { log.info("the container engine answers again") }
      isAnswering = true
      let words = await following.waitForEnd()
      wasInterrupted = true
      log.warning("the container engine's events have ended (\(words)); asking again")
      return true
    } catch {
      if isAnswering { log.error("the container engine does not answer: \(error); asking until it does") }
      isAnswering = false
      return false
    }
  }

  /// Looks at all containers, and removes those that no instance has.
  private func synchronise() async throws {
    let left = try await engine.list().filter { !node.hasInstance($0) }
    node.lookAtAllContainers()
    LoopActor.start {
      try? await together(left.map { instance in { await self.node.removeLeftContainer(of: instance) } })
      await self.removeUnusedNetworks()
    }
  }

  private func measure() async {
    while true {
      if node.hasContainers, isAnswering, let new = try? await engine.sizes() {
        let changed = Set(new.keys).union(sizes.keys).filter { new[$0] != sizes[$0] }
        sizes = new
        for instance in changed { node.announce(instance) }
      }
      await LoopActor.sleep(until: .after(seconds: Self.sizeInterval))
    }
  }

  // MARK: hard reset

  /// Removes all containers of this node, and their networks, and says so; false when some is left.
  static func removeAll(_ engine: ContainerEngine) async -> Bool {
    var failures = 0
    func attempt(_ what: String, _ step: () async throws -> Void) async {
      do {
        try await step()
      } catch {
        failures += 1
        log.error("hard reset: \(what): \(error)")
      }
    }
    var removed = 0
    await attempt("list the containers") {
      for instance in try await engine.list() {
        await attempt("\(instance): remove its container") {
          try await engine.run(.remove(instance))
          removed += 1
        }
      }
    }
    await attempt("list the networks of containers") {
      for bridge in try await engine.networks() {
        await attempt("remove a network of containers") { try await engine.run(.removeNetwork(bridge)) }
      }
    }
    log.info("hard reset: \(removed) containers removed")
    return failures == 0
  }
}

/// A container that an earlier launcher may have started.
@LoopActor private struct ContainerRemains: Remains {
  let instance: Identifier
  let containers: Containers

  var runner: (any Runner)? { nil }

  func takeOver() async -> (any Runner)? {
    do {
      return try await containers.present(instance)
    } catch {
      log.warning("\(instance): \(error); whether it runs is asked again when the container engine answers")
      return nil
    }
  }
}
