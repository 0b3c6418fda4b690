import AsyncLoop
import Channel
import Glibc
import Instances
import Linux
import Testing

@testable import launcher_vmm

private let volume = Identifier("a1")!

struct AttachmentTests {
  @Test func aRepeatedAttachVolumeAsksTheMachineWhatItHas() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        try node.makeVolume(volume)
        let machine = try #require(try node.makeInstance(volumes: [Volume(volume, slot: 0)]))
        // At the take-over, too, nobody knows.
        machine.words["qom-list"] = ScriptedMachine.refusal("no time")
        await node.run()
        #expect(try await node.attach(volume, isRepeated: true) == .attachFailure)
        #expect(try await node.attach(volume) == .attachFailure)
        #expect(try node.written() == [volume], "it may be there")
        #expect(!machine.commands.contains("device_add"))
        machine.words = [:]
        #expect(try await node.attach(volume, isRepeated: true) == nil)
        #expect(machine.plugged == [0])
        // What an interrupted attempt has left goes first.
        let steps = ["device_del", "blockdev-del", "remove-fd", "add-fd", "blockdev-add", "device_add"]
        #expect(machine.commands.filter(steps.contains) == steps)
        #expect(try await node.attach(volume, isRepeated: true) == nil)
        #expect(try await node.attach(volume) == .alreadyAttached)
        #expect(machine.commands.filter(steps.contains) == steps, "nothing is done twice")
        #expect(try node.written() == [volume])
      }
    }
  }

  @Test func aVolumeThatDoesNotComeBackIsNotAttached() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        try node.makeVolume(volume)
        let machine = try #require(try node.makeInstance(volumes: [Volume(volume, slot: 0)]))
        machine.words["qom-list"] = ScriptedMachine.refusal("no time")
        await node.run()
        machine.words = ["device_add": ScriptedMachine.refusal("no room")]
        #expect(try await node.attach(volume, isRepeated: true) == .attachFailure)
        #expect(try node.written() == [])
        machine.words = [:]
        #expect(try await node.attach(volume) == nil)
        #expect(try node.written() == [volume])
      }
    }
  }

  @Test func whatAMachineHasLostWithoutAnAttachVolumeStaysItsOwn() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        let (boot, made, plain) = (Identifier("b0")!, Identifier("e0")!, Identifier("c0")!)
        let machine = try #require(
          try node.makeInstance(volumes: [
            Volume(boot, slot: 0, boots: true), Volume(made, slot: 1, ephemeralSize: 1), Volume(plain, slot: 2),
          ]))
        await node.run()
        #expect(try node.written() == [boot, made])
        #expect(machine.commands.filter { $0 == "blockdev-del" }.count == 1)
        for volume in [boot, made] { #expect(try await node.attach(volume) == .alreadyAttached) }
      }
    }
  }

  @Test func aDeviceThatIsGoneWithTheAnswerIsNotWaitedFor() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        let volumes = [Volume(volume, slot: 0), Volume(Identifier("a2")!, slot: 1)]
        let machine = try #require(try node.makeInstance(volumes: volumes, plugged: [0, 1]))
        await node.run()
        // The event before the answer, then behind it.
        #expect(try await node.detach(volumes[0].id) == nil)
        machine.words["device_del"] =
          "{\"return\": {}, \"id\": %ID}\n{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"volume-1\"}}\n"
        #expect(try await node.detach(volumes[1].id) == nil)
        #expect(try node.written() == [])
        #expect(machine.commands.filter { $0 == "blockdev-del" }.count == 2)
      }
    }
  }

  @Test func anAttachmentThatEndsWithTheMachineIsUndone() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        try node.makeVolume(volume)
        let machine = try #require(try node.makeInstance())
        await node.run()
        // A process that ends closes its monitor first.
        machine.words["device_add"] = ""
        machine.onCommand = { [unowned machine] in
          guard $0 == "device_add" else { return }
          machine.close()
          LoopActor.loop.schedule(at: .after(seconds: 0.05)) { machine.end() }
        }
        #expect(try await node.attach(volume) == .attachFailure)
        #expect(try node.written() == [])
      }
    }
  }

  @Test func anAttachmentThatEndsWithTheMonitorAloneMayHaveComeAbout() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        try node.makeVolume(volume)
        let machine = try #require(try node.makeInstance())
        await node.run()
        machine.words["device_add"] = ""
        machine.onCommand = { [unowned machine] in if $0 == "device_add" { machine.close() } }
        #expect(try await node.attach(volume) == .attachFailure)
        #expect(try node.written() == [volume])
        #expect(try await node.attach(volume, isRepeated: true) == .attachFailure, "nobody knows yet")
        #expect(try node.written() == [volume])
      }
    }
  }

  @Test func twoInstancesThatAreToHaveAVolumeAtOnceDoNotBothGetIt() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        try node.makeVolume(volume)
        let instances = [Identifier("1")!, Identifier("2")!]
        for instance in instances { _ = try node.makeInstance(instance, plugged: nil) }
        await node.run()
        var failures: [FailureReason?] = []
        // Both have to wait for the disk.
        let lane = node.store.lane
        var jobs: [@LoopActor () async throws -> Void] = [{ await lane.run {} }]
        for instance in instances { jobs.append { failures.append(try await node.attach(volume, to: instance)) } }
        try await together(jobs)
        #expect(failures.compactMap { $0 } == [.attachFailure])
        #expect(try instances.flatMap { try node.written($0) } == [volume])
      }
    }
  }

  @Test func whatIsWrittenOfVolumesWaitsForTheDisksTurn() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        try node.makeVolume(volume)
        _ = try node.makeInstance(plugged: nil)
        await node.run()
        for isThere in [true, false] {
          var before: [Identifier]?
          let lane = node.store.lane
          try await together([
            { await lane.run {} },
            { before = try await lane.run { try node.written() } },
            {
              let failure = isThere ? try await node.attach(volume) : try await node.detach(volume)
              #expect(failure == nil)
            },
          ])
          #expect(before == (isThere ? [] : [volume]))
          #expect(try node.written() == (isThere ? [volume] : []))
        }
      }
    }
  }
}
