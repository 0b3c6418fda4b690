import AsyncLoop
import Glog
import Instances

/// The places of a node's instances in their tenants' networks. Only a compute or a network node has any.
@LoopActor final class TenantNetworks {
  /// The node could not give an instance its place.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let node: NodeNetwork
  private let client: NetworkClient

  init(_ node: NodeNetwork, _ client: NetworkClient) {
    self.node = node
    self.client = client
  }

  /// Gives an instance its place, the same one if it has it already, and opens the machine's end.
  func attach(_ spec: InstanceSpec) async throws(Failure) -> Attachment {
    // An instance that was made while the node had another -network.
    if let problem = spec.networkProblem(on: node) { throw Failure(description: problem) }
    do { return try await client.attach(spec) } catch { throw Failure(description: "\(error)") }
  }

  /// Gives a container its place, the same one if it has it already: the bridge that the engine's network is above.
  func join(_ spec: InstanceSpec) async throws(Failure) -> TenantBridge {
    if let problem = spec.networkProblem(on: node) { throw Failure(description: problem) }
    do { return try await client.join(spec) } catch { throw Failure(description: "\(error)") }
  }

  /// The bridges that containers are above.
  func containerBridges() async throws -> Set<TenantBridge> { try await client.containerBridges() }

  /// Takes an instance's place away. What cannot be removed now is at the next start.
  func detach(_ instance: Identifier) async {
    do {
      try await client.detach(instance)
    } catch {
      log.error("\(instance): remove its network: \(error); tried again at the next start")
    }
  }

  /// Takes away every place whose instance is not there: a command was interrupted between the two.
  func sweep(keeping instances: Set<Identifier>) async {
    do {
      for instance in try await client.list() where !instances.contains(instance) {
        log.info("\(instance): removing its network, left by an interrupted command")
        await detach(instance)
      }
    } catch {
      log.error("look for networks that an interrupted command left: \(error)")
    }
  }

  /// Takes all places away; false when some is left.
  func removeAll() async -> Bool {
    do {
      let all = try await client.list()
      for instance in all {
        try await client.detach(instance)
        log.info("\(instance): its network was removed")
      }
      log.info("hard reset of networks: \(all.count) removed")
      return true
    } catch {
      log.error("hard reset of networks: \(error)")
      return false
    }
  }
}
