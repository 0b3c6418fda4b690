import AsyncLoop
import Channel
import Instances
import Linux
import Testing

@testable import launcher_vmm

struct SimulationTests {
  private static let steady = Identifier("a0")!

  @LoopActor private static func start(_ id: Identifier, _ store: InstanceStore) async throws -> any Runner {
    var spec = InstanceSpec(instance: id, tenant: id, image: ImageName("none"))
    spec.resources.diskMB = 1
    let simulation = Simulation(store, boot: "boot")
    let file = InstanceFile(spec: spec, image: try simulation.backingImage(of: spec), request: 1)
    let folder = try store.makeStaging(for: id)
    try store.writeState(file, in: folder)
    try store.commitStaging(of: id, folder)
    return try await simulation.start(file, in: store.folder(of: id), nil)
  }

  @LoopActor private static func found(_ id: Identifier, _ store: InstanceStore, boot: String = "boot") throws
    -> (any Runner)?
  {
    try Simulation(store, boot: boot).find(id, nil, in: store.folder(of: id))?.runner
  }

  @Test func aSimulatedInstanceIsFoundAgainUntilItEndsOrTheNodeBoots() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let (folder, store) = try makeStateFolder()
        let runner = try await SimulationTests.start(SimulationTests.steady, store)
        #expect(try SimulationTests.found(SimulationTests.steady, store) != nil)
        #expect(try SimulationTests.found(SimulationTests.steady, store, boot: "another") == nil)
        var ends = 0
        runner.onEnd = { ends += 1 }
        try await runner.stop(grace: 60, hurry: Gate(), isHurried: { false })
        try await runner.end()
        #expect(ends == 1 && runner.hasEnded)
        #expect(try SimulationTests.found(SimulationTests.steady, store) == nil)
        withExtendedLifetime(folder) {}
      }
    }
  }

  @Test func aSimulatedInstanceHasNoVolumes() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let (folder, store) = try makeStateFolder()
        var spec = InstanceSpec(
          instance: SimulationTests.steady, tenant: SimulationTests.steady, image: ImageName("none"))
        #expect(Simulation(store, boot: "boot").obstacle(to: spec) == nil)
        spec.volumes = try #require(VolumeList([Volume(SimulationTests.steady, slot: 0)]))
        #expect(Simulation(store, boot: "boot").obstacle(to: spec)?.hasPrefix("storage: ") == true)
        withExtendedLifetime(folder) {}
      }
    }
  }

  @Test func theLastDigitDecidesHowAGuestBehaves() {
    for (digit, habit) in [("0", SimulatedGuest.Habit.steady), ("e", .deaf), ("E", .deaf), ("f", .endsByItself)] {
      #expect(SimulatedGuest.Habit(of: Identifier("0-1\(digit)")!) == habit)
    }
  }

  @Test(arguments: [
    "", "boot", "boot 1 2", "boot -1", "boot x", "boot 99999999999999999999",
  ]) func whatIsNoRunIsNotUnderstood(text: String) {
    #expect(SimulatedRun(text) == nil)
  }

  @Test func aRunIsReadAsItWasWritten() {
    let run = SimulatedRun(boot: "0123abcd", start: Moment(nanoseconds: .max))
    #expect(SimulatedRun(String(decoding: run.bytes, as: UTF8.self)) == run)
  }

  @Test func figuresAreMadeUpWithinWhatAnInstanceWasPromised() {
    for number in 0..<200 {
      var spec = InstanceSpec(instance: Identifier("0-\(number)")!, tenant: Self.steady)
      spec.resources.memoryMB = 1000
      spec.resources.diskMB = 100
      var record = InstanceRecord(instance: spec.instance, state: .active, vcpus: 1, sshIP: nil, sshPort: 0)
      record.makeUpFigures(spec)
      let again = record
      record.makeUpFigures(spec)
      #expect(record == again)
      #expect((200...900).contains(record.memoryMB ?? -1), "\(number)")
      #expect((5...60).contains(record.diskMB ?? -1), "\(number)")
      #expect((0...40).contains(record.cpuUsage ?? -1), "\(number)")
      var exited = InstanceRecord(instance: spec.instance, state: .exited, vcpus: 1, sshIP: nil, sshPort: 0)
      exited.makeUpFigures(spec)
      #expect(exited.memoryMB == nil && exited.cpuUsage == nil && exited.diskMB == record.diskMB)
    }
  }
}
