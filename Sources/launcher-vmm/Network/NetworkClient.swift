import AsyncLoop
import Channel
import Instances
import Linux
import Loop

/// What an instance has of its tenant's network.
enum NetworkPlace {
  case tap(Attachment)
  /// A container is above it.
  case bridge(TenantBridge)
}

/// A machine's end of its network.
@LoopActor final class Attachment {
  let tap: Descriptor
  /// Bytes that a packet may have.
  let mtu: UInt16

  fileprivate init(tap: Descriptor, mtu: UInt16) {
    self.tap = tap
    self.mtu = mtu
  }
}

/// The manager's side of the network child.
@LoopActor final class NetworkClient {
  private enum Answer {
    case attached(Attachment)
    case joined(TenantBridge)
    case detached
    case listed([Identifier], [TenantBridge])
  }

  /// Instances or bridges of one list at most: more than a node can have (`-max-vm`).
  private static let maximumListed = 100_000

  private var channel: Channel<NetworkToManager, ManagerToNetwork>!
  private let pending = PendingAnswers<Answer>()
  private var lists: [UInt64: [Identifier]] = [:]
  private var bridges: [UInt64: [TenantBridge]] = [:]

  /// `onLost` is called when the child has ended.
  init(_ socket: Descriptor, onLost: @escaping (String) -> Void) {
    channel = Channel(
      socket, loop: LoopActor.loop, onMessage: { [unowned self] in handle($0) }, onClose: { onLost($0) })
  }

  /// What the child may say.
  private func handle(_ message: NetworkToManager) {
    switch message {
    case .attached(let job, let tap, let mtu): pending.answer(job, .attached(Attachment(tap: tap, mtu: mtu)))
    case .joined(let job, let bridge): pending.answer(job, .joined(bridge))
    case .detached(let job): pending.answer(job, .detached)
    case .present(let job, let instance):
      if lists[job]?.count ?? .max < Self.maximumListed { lists[job]?.append(instance) }
    case .bridge(let job, let bridge):
      if bridges[job]?.count ?? .max < Self.maximumListed { bridges[job]?.append(bridge) }
    case .listed(let job):
      pending.answer(
        job, .listed(lists.removeValue(forKey: job) ?? [], bridges.removeValue(forKey: job) ?? []))
    case .failed(let job, let reason):
      lists[job] = nil
      bridges[job] = nil
      pending.refuse(job, reason)
    }
  }

  /// Makes what is missing of an instance's network and opens the machine's end.
  func attach(_ spec: InstanceSpec) async throws(Refused) -> Attachment {
    let answer = try await pending.ask { channel.send(.attach(job: $0, spec)) }
    guard case .attached(let attachment) = answer else { throw Self.mismatch("attach") }
    return attachment
  }

  /// Makes what is missing of a container's segment; gives the bridge.
  func join(_ spec: InstanceSpec) async throws(Refused) -> TenantBridge {
    let answer = try await pending.ask { channel.send(.join(job: $0, spec)) }
    guard case .joined(let bridge) = answer else { throw Self.mismatch("join") }
    return bridge
  }

  /// The bridges that containers are above.
  func containerBridges() async throws(Refused) -> Set<TenantBridge> {
    let answer = try await pending.ask { job in
      bridges[job] = []
      channel.send(.bridges(job: job))
    }
    guard case .listed(_, let bridges) = answer else { throw Self.mismatch("bridges") }
    return Set(bridges)
  }

  /// Removes what is the instance's alone, and with the last one of a subnet what they shared.
  func detach(_ instance: Identifier) async throws(Refused) {
    let answer = try await pending.ask { channel.send(.detach(job: $0, instance)) }
    guard case .detached = answer else { throw Self.mismatch("detach") }
  }

  /// The instances that have a network in the kernel.
  func list() async throws(Refused) -> [Identifier] {
    let answer = try await pending.ask { job in
      lists[job] = []
      channel.send(.list(job: job))
    }
    guard case .listed(let instances, _) = answer else { throw Self.mismatch("list") }
    return instances
  }

  private static func mismatch(_ question: String) -> Refused {
    Refused(description: "the network child answered \(question) with something else")
  }
}
