import AsyncLoop
import Glog
import Instances

/// The container engine's networks, one above each bridge that has containers. Which are needed the kernel says: the
/// interfaces by which the network child knows containers.
@LoopActor final class ContainerNetworks {
  private let engine: ContainerEngine
  private let networks: TenantNetworks
  /// Whoever makes or removes networks does so alone.
  private let turn = Slots(1)

  init(_ engine: ContainerEngine, _ networks: TenantNetworks) {
    self.engine = engine
    self.networks = networks
  }

  /// Gives a container its place, the same one if it has it already; its network in the engine is there then.
  func join(_ spec: InstanceSpec) async throws(TenantNetworks.Failure) -> TenantBridge {
    // Before the engine's network, which is removed once no container is above its bridge.
    let bridge = try await networks.join(spec)
    await turn.take()
    defer { turn.give() }
    try await ensure(bridge, for: spec)
    return bridge
  }

  private func ensure(_ bridge: TenantBridge, for spec: InstanceSpec) async throws(TenantNetworks.Failure) {
    guard let subnet = spec.network.subnet else { throw TenantNetworks.Failure(description: "no subnet") }
    do {
      if try await engine.networks().contains(bridge) { return }
      try await engine.run(.makeNetwork(bridge, subnet))
    } catch {
      throw TenantNetworks.Failure(description: "make the container engine's network above \(bridge): \(error)")
    }
  }

  /// Starts a container that did not start. An engine that came up before its bridge did, as after a reboot, knows a
  /// network that it cannot use, and a container keeps to a network that was made anew only when it is told.
  func startAnew(_ spec: InstanceSpec, on bridge: TenantBridge) async throws {
    await turn.take()
    defer { turn.give() }
    // An engine that does not answer has nothing to be made anew.
    _ = try await engine.version()
    // Refused while containers run on it: then it can be used.
    try? await engine.run(.removeNetwork(bridge))
    try await ensure(bridge, for: spec)
    try? await engine.run(.disconnect(spec.instance, bridge))
    if let ip = spec.network.privateIP {
      do {
        try await engine.run(.connect(spec.instance, bridge, ip))
      } catch {
        throw TenantNetworks.Failure(description: "connect its container above \(bridge): \(error)")
      }
    }
    try await engine.run(.start(spec.instance))
  }

  /// Removes those above bridges that no container needs any more. What cannot be removed now is when the engine answers
  /// again.
  func removeUnused() async {
    await turn.take()
    defer { turn.give() }
    do {
      let present = try await engine.networks()
      guard !present.isEmpty else { return }
      for bridge in present.subtracting(try await networks.containerBridges()) {
        try await engine.run(.removeNetwork(bridge))
      }
    } catch {
      log.error("remove the container engine's unused networks: \(error); tried again when it answers, or next time")
    }
  }
}
