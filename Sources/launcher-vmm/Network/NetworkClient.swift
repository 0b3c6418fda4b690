import AsyncLoop
import Channel
import Instances
import Linux
import Loop

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
    case detached
    case listed([Identifier])
  }

  /// Instances of one list at most: more than a node can have (`-max-vm`).
  private static let maximumListed = 100_000

  private var channel: Channel<NetworkToManager, ManagerToNetwork>!
  private let pending = PendingAnswers<Answer>()
  private var lists: [UInt64: [Identifier]] = [:]

  /// `onLost` is called when the child has ended.
  init(_ socket: Descriptor, onLost: @escaping (String) -> Void) {
    channel = Channel(
      socket, loop: LoopActor.loop, onMessage: { [unowned self] in handle($0) }, onClose: { onLost($0) })
  }

  /// What the child may say.
  private func handle(_ message: NetworkToManager) {
    switch message {
    case .attached(let job, let tap, let mtu): pending.answer(job, .attached(Attachment(tap: tap, mtu: mtu)))
    case .detached(let job): pending.answer(job, .detached)
    case .present(let job, let instance):
      if lists[job]?.count ?? .max < Self.maximumListed { lists[job]?.append(instance) }
    case .listed(let job): pending.answer(job, .listed(lists.removeValue(forKey: job) ?? []))
    case .failed(let job, let reason):
      lists[job] = nil
      pending.refuse(job, reason)
    }
  }

  /// Makes what is missing of an instance's network and opens the machine's end.
  func attach(_ spec: InstanceSpec) async throws(Refused) -> Attachment {
    let answer = try await pending.ask { channel.send(.attach(job: $0, spec)) }
    guard case .attached(let attachment) = answer else { throw Self.mismatch("attach") }
    return attachment
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
    guard case .listed(let instances) = answer else { throw Self.mismatch("list") }
    return instances
  }

  private static func mismatch(_ question: String) -> Refused {
    Refused(description: "the network child answered \(question) with something else")
  }
}
