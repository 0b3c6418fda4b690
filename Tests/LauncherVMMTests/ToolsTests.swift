import AsyncLoop
import CShims
import Channel
import Glibc
import Linux
import Loop
import TestSupport
import Testing

@testable import launcher_vmm

func sendDescriptor(over socket: Descriptor) -> Bool {
  var fd: Int32 = 0
  return sh_send_fds(socket.raw, "{", 1, &fd, 1) == 1
}

@LoopActor private final class Counter {
  var now = 0
  var most = 0
  var order: [Int] = []
}

@Test func noMoreTakeASlotThanThereAreAndTheyTakeItInOrder() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let slots = Slots(3)
      let counter = Counter()
      try await together(
        (0..<20).map { number in
          {
            await slots.take()
            defer { slots.give() }
            counter.order.append(number)
            counter.now += 1
            counter.most = max(counter.most, counter.now)
            await LoopActor.sleep(until: .after(seconds: 0.001))
            counter.now -= 1
          }
        })
      #expect(counter.most == 3)
      #expect(counter.order == Array(0..<20))
    }
  }
}

private struct Wrong: Error, Equatable { let number: Int }

@Test func jobsSideBySideAllEndAndTheFirstErrorCounts() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let counter = Counter()
      await #expect(throws: Wrong(number: 1)) {
        try await together(
          (0..<3).map { number in
            {
              await LoopActor.sleep(until: .after(seconds: 0.001 * Double(number)))
              counter.now += 1
              if number > 0 { throw Wrong(number: number) }
            }
          })
      }
      #expect(counter.now == 3)
      try await together([])
    }
  }
}

/// A spawner that starts nothing, and the manager's side of it.
@LoopActor private final class Refusal {
  private var channel: Channel<ManagerToSpawner, SpawnerToManager>!
  private(set) var client: SpawnerClient<SpawnTask>!

  init() throws {
    let (ours, theirs) = try UnixSocket.pair()
    channel = Channel(
      theirs, loop: LoopActor.loop,
      onMessage: { [unowned self] message in
        if case .spawn(let job, _, _) = message { channel.send(.failed(job: job, reason: "no such program")) }
      }, onClose: { _ in })
    client = SpawnerClient(ours) { Issue.record("the spawner is lost: \($0)") }
  }
}

/// Numbers of descriptors are used anew: whatever is opened next must be watched like anything else.
@LoopActor private func expectThatNewDescriptorsAreWatched(_ location: SourceLocation = #_sourceLocation) async throws {
  let pipe = try Descriptor.pipe()
  try Files.write(bytes("x"), to: pipe.writer, named: "pipe")
  for reader in [pipe.reader] + (0..<16).map({ _ in Descriptor(dup(pipe.reader.raw)) }) {
    let isReady = await LoopActor.wait(reader.raw, .readable, until: .after(seconds: 2))
    #expect(isReady, "descriptor \(reader.raw)", sourceLocation: location)
  }
}

@Test func aProgramThatIsNotStartedLeavesNothingWatched() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let (folder, store) = try makeStateFolder()
      let null = try Descriptor.open("/dev/null", O_RDWR)
      let spawner = try Refusal()
      let tools = ToolRunner<SpawnTask>(spawner: spawner.client, null: null, deadline: 5)
      await #expect(throws: ToolFailure.self) { try await tools.run(.configDrive(id)) }
      try await expectThatNewDescriptorsAreWatched()
      await #expect(throws: ToolFailure.self) { _ = try await tools.output(of: .configDrive(id), limit: 1) }
      try await expectThatNewDescriptorsAreWatched()
      let staging = try store.makeStaging(for: id)
      await #expect(throws: Machine.Failure.self) {
        _ = try await Machine.start(
          .machine(fullSpec(), .raw), of: id, in: staging, tap: nil, spawner: spawner.client, input: null,
          onProcess: { _ in })
      }
      try await expectThatNewDescriptorsAreWatched()
      withExtendedLifetime(folder) {}
    }
  }
}
