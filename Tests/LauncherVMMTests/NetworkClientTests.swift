import AsyncLoop
import Channel
import Glibc
import Instances
import Linux
import TestSupport
import Testing

@testable import launcher_vmm

/// A scripted network child, and the manager's side of it.
@LoopActor private final class Child {
  private var channel: Channel<ManagerToNetwork, NetworkToManager>!
  private(set) var client: NetworkClient!
  private(set) var asked: [String] = []
  private(set) var losses = 0

  init(_ script: @escaping (ManagerToNetwork) throws -> [NetworkToManager]) throws {
    let (ours, theirs) = try UnixSocket.pair()
    channel = Channel(
      theirs, loop: LoopActor.loop,
      onMessage: { [unowned self] message in
        asked.append(Self.name(message))
        do { for answer in try script(message) { channel.send(answer) } } catch { Issue.record(error) }
      }, onClose: { _ in })
    client = NetworkClient(ours) { [unowned self] _ in losses += 1 }
  }

  private static func name(_ message: ManagerToNetwork) -> String {
    switch message {
    case .attach(_, let spec): "attach \(spec.instance)"
    case .detach(_, let instance): "detach \(instance)"
    case .join(_, let spec): "join \(spec.instance)"
    case .list: "list"
    case .bridges: "bridges"
    }
  }

  func end() { channel.close() }
}

private let other = Identifier("beef")!
private let bridge = TenantBridge("lb-0123456789ab")!

@Test func whatTheNetworkChildIsAskedItIsAskedOnceAndAnswered() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let child = try Child { message in
        switch message {
        case .attach(let job, _): [.attached(job: job, tap: try .open("/dev/null", O_RDWR), mtu: 1450)]
        case .join(let job, _): [.joined(job: job, bridge)]
        case .bridges(let job): [.bridge(job: job, bridge), .listed(job: 99), .listed(job: job)]
        case .detach(let job, other): [.failed(job: job, reason: "no such device")]
        case .detach(let job, _): [.detached(job: job)]
        // Answers to what nobody asked come between.
        case .list(let job):
          [
            .present(job: 99, other), .present(job: job, id), .listed(job: 99), .present(job: job, other),
            .listed(job: job),
          ]
        }
      }
      let attachment = try await child.client.attach(fullSpec())
      #expect(attachment.mtu == 1450 && attachment.tap.raw >= 0)
      #expect(try await child.client.join(fullSpec()) == bridge)
      #expect(try await child.client.containerBridges() == [bridge])
      try await child.client.detach(id)
      await #expect(throws: Refused.self) { try await child.client.detach(other) }
      #expect(try await child.client.list() == [id, other])
      #expect(child.asked == ["attach \(id)", "join \(id)", "bridges", "detach \(id)", "detach \(other)", "list"])
      #expect(child.losses == 0)
      child.end()
      while child.losses == 0 { await LoopActor.sleep(until: .now) }
    }
  }
}

@Test func anAnswerOfAnotherKindIsAFailure() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let child = try Child { message in
        switch message {
        case .attach(let job, _), .join(let job, _), .list(let job), .bridges(let job): [.detached(job: job)]
        case .detach(let job, _): [.listed(job: job)]
        }
      }
      await #expect(throws: Refused.self) { try await child.client.attach(fullSpec()) }
      await #expect(throws: Refused.self) { try await child.client.join(fullSpec()) }
      await #expect(throws: Refused.self) { try await child.client.list() }
      await #expect(throws: Refused.self) { try await child.client.containerBridges() }
      await #expect(throws: Refused.self) { try await child.client.detach(id) }
    }
  }
}

@Test func placesWithoutTheirInstanceAreTakenAway() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let child = try Child { message in
        switch message {
        case .list(let job): [.present(job: job, id), .present(job: job, other), .listed(job: job)]
        case .detach(let job, _): [.detached(job: job)]
        case .attach(let job, _), .join(let job, _), .bridges(let job): [.failed(job: job, reason: "no")]
        }
      }
      let networks = TenantNetworks(.cn, child.client)
      await networks.sweep(keeping: [id])
      #expect(child.asked == ["list", "detach \(other)"])
      // An instance for another kind of node is not even asked for.
      await #expect(throws: TenantNetworks.Failure.self) { try await networks.attach(fullSpec()) }
      #expect(child.asked.count == 2)
      #expect(await networks.removeAll())
      #expect(child.asked.suffix(3) == ["list", "detach \(id)", "detach \(other)"])
    }
  }
}
