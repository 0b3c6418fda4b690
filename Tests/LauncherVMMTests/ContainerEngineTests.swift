import AsyncLoop
import Channel
import Glibc
import Instances
import Linux
import Settings
import Testing

@testable import launcher_vmm

/// A container child whose tool never ends a stop and does all else at once, and the manager's side of it.
@LoopActor private final class SlowToStop {
  private var channel: Channel<ManagerToContainers, SpawnerToManager>!
  private(set) var engine: ContainerEngine!
  private(set) var stops = 0

  init() throws {
    let (ours, theirs) = try UnixSocket.pair()
    channel = Channel(
      theirs, loop: LoopActor.loop,
      onMessage: { [unowned self] message in
        guard case .spawn(let job, let task, let descriptors) = message else { return }
        channel.send(.started(job: job, pid: getpid(), pidfd: descriptors[0]))
        if case .stop = task { stops += 1 } else { channel.send(.ended(job: job, .exited(0))) }
      }, onClose: { _ in })
    engine = ContainerEngine(ours, null: try .open("/dev/null", O_RDWR), try Settings(.vmm, []))
  }
}

@Test func containersThatAreSlowToStopKeepNoOtherCommandWaiting() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let slow = try SlowToStop()
      for _ in 0..<32 { LoopActor.start { try? await slow.engine.run(.stop(id, grace: 600), longer: 600) } }
      while slow.stops < 32 { await LoopActor.sleep(until: .after(seconds: 0.005)) }
      try await slow.engine.run(.kill(id))
    }
  }
}
