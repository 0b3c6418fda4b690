import AsyncLoop
import Channel
import Glibc
import Instances
import Linux
import Testing

@testable import launcher_vmm

struct EvacuationTests {
  /// What is written down.
  @LoopActor private static func written(_ node: TestNode) throws -> MaintenanceFile.Progress? {
    try MaintenanceFile.read(in: node.store.instances)?.progress
  }

  @LoopActor private static func begin(_ maintenance: Maintenance) async {
    maintenance.begin()
    await maintenance.settle()
  }

  @LoopActor private static func end(_ maintenance: Maintenance) async {
    maintenance.end()
    await maintenance.settle()
  }

  /// A node with one machine more than are stopped at a time, whose Restore came when as many had been asked.
  @LoopActor private static func restoredHalfWay() async throws -> (TestNode, [ScriptedMachine]) {
    let node = try TestNode()
    let machines = try (0...Maintenance.parallelStops).map {
      try #require(try node.makeInstance(Identifier("\($0)")!))
    }
    await node.run()
    try node.receive(.evacuate(node.request()))
    try await node.wait { asked(machines).count == Maintenance.parallelStops }
    try node.receive(.restore(node.request()))
    try await node.wait { try written(node) == nil }
    return (node, machines)
  }

  @LoopActor private static func asked(_ machines: [ScriptedMachine]) -> [ScriptedMachine] {
    machines.filter { $0.commands.contains("quit") }
  }

  @Test func anEvacuationCountsForTheCommandsThatComeWithIt() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        _ = try node.makeInstance(plugged: nil)
        await node.run()
        try node.receive(.evacuate(node.request()))
        try node.receive(.restart(node.request(), id))
        try await node.wait { !node.node.reports.open.isEmpty }
        #expect(node.node.reports.open.map(\.2) == [.failure(.restart, id, .launchFailure)])
      }
    }
  }

  @Test func maintenanceWaitsForTheDisksTurnAndCountsAtOnce() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let (folder, store) = try makeStateFolder()
        let maintenance = Maintenance(store) { [] }
        for isOn in [true, false] {
          var before: [Bool] = []
          try await together([
            { await store.lane.run {} },
            {
              try await store.lane.run {
                before = [
                  maintenance.isOn, try MaintenanceFile.read(in: store.instances) != nil, maintenance.isTold,
                ]
              }
            },
            {
              if isOn { maintenance.begin() } else { maintenance.end() }
              await maintenance.settle()
            },
          ])
          #expect(before == [isOn, !isOn, !isOn])
          #expect(maintenance.isTold == isOn)
          #expect(try (MaintenanceFile.read(in: store.instances) != nil) == isOn)
        }
        withExtendedLifetime(folder) {}
      }
    }
  }

  @Test func whatIsTheCaseAlreadyIsNotWrittenAgain() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let (folder, store) = try makeStateFolder()
        let maintenance = Maintenance(store) { [] }
        await EvacuationTests.begin(maintenance)
        #expect(try MaintenanceFile.read(in: store.instances)?.progress == .evacuated)
        // What is written again is there again.
        try MaintenanceFile.remove(from: store.instances)
        for _ in 0..<3 { await EvacuationTests.begin(maintenance) }
        #expect(try Files.names(in: store.instances) == [])
        await EvacuationTests.end(maintenance)
        try MaintenanceFile(.evacuated).write(in: store.instances)
        for _ in 0..<3 { await EvacuationTests.end(maintenance) }
        #expect(try Files.names(in: store.instances) == [MaintenanceFile.name])
        withExtendedLifetime(folder) {}
      }
    }
  }

  @Test func whatCouldNotBeWrittenIsTriedAgain() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let (folder, store) = try makeStateFolder()
        let maintenance = Maintenance(store) { [] }
        try Files.makeFolder(MaintenanceFile.name, in: store.instances)
        await EvacuationTests.begin(maintenance)
        #expect(maintenance.isOn)
        try Files.removeTree(MaintenanceFile.name, in: store.instances)
        await EvacuationTests.begin(maintenance)
        #expect(try MaintenanceFile.read(in: store.instances)?.progress == .evacuated)
        withExtendedLifetime(folder) {}
      }
    }
  }

  @Test func ofManyChangesThatWaitForTheDiskTheLastIsWritten() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        await node.run()
        var (looks, last, changes) = (0, ino_t?.none, 0)
        LoopActor.start {
          // Between any two pieces of work for the disk. A file that is written anew is another one.
          while looks < 1000 {
            let now = try? Descriptor.open(MaintenanceFile.name, O_RDONLY, in: node.store.instances).status().st_ino
            if now != last { changes += 1 }
            (looks, last) = (looks + 1, now)
            await LoopActor.sleep(until: .now)
          }
        }
        for _ in 0..<100 {
          try node.receive(.restore(node.request()))
          try node.receive(.evacuate(node.request()))
        }
        try await node.wait { looks == 1000 }
        #expect(try EvacuationTests.written(node) == .evacuated)
        // The first at once, the last when it is its turn, and the end.
        #expect(changes <= 3)
      }
    }
  }

  @Test func anEvacuationThatWaitsForTheDiskIsNotDoneWithTheOneBefore() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let (node, machines) = try await EvacuationTests.restoredHalfWay()
        let lane = node.store.lane
        for _ in 0..<5000 { LoopActor.start { await lane.run {} } }
        try node.receive(.evacuate(node.request()))
        for machine in machines { machine.onCommand = { [unowned machine] in if $0 == "quit" { machine.end() } } }
        for machine in EvacuationTests.asked(machines) { machine.end() }
        try await node.wait { try EvacuationTests.written(node) == .evacuated }
        #expect(EvacuationTests.asked(machines).count == machines.count)
      }
    }
  }

  @Test func aSTARTThatWasInterruptedIsNotGoneOnWithInMaintenance() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        _ = try node.makeInstance(plugged: nil)
        let interrupted = node.request()
        await node.run()
        try node.receive(.evacuate(node.request()))
        try node.receive(
          .start(
            Request(number: interrupted.number, isRepeated: true), node.store.readState(of: id).spec,
            userData: SealedMemory.make("user-data", []), metaData: nil, scheduler: nil, isRestart: false))
        try await node.wait { !node.node.reports.open.isEmpty }
        #expect(node.node.reports.open.map(\.2) == [.failure(.start, id, .launchFailure)])
      }
    }
  }

  @Test func aRestoreLeavesAloneWhatWasNotAskedYet() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let (node, machines) = try await EvacuationTests.restoredHalfWay()
        for machine in EvacuationTests.asked(machines) { machine.end() }
        try await node.wait { node.node.census.running == 1 }
        for _ in 0..<1000 { await LoopActor.sleep(until: .now) }
        #expect(EvacuationTests.asked(machines).count == Maintenance.parallelStops)
      }
    }
  }

  @Test func evacuationsThatAreOpenAreBounded() async {
    await #expect(processExitsWith: .success) {
      onLoop {
        let node = try TestNode()
        await node.run()
        for _ in 0..<OpenRequests.maximum / 2 {
          try node.receive(.evacuate(node.request()))
          try node.receive(.restore(node.request()))
        }
        #expect(throws: WireError.self) { try node.receive(.evacuate(node.request())) }
        #expect(throws: WireError.self) { try node.receive(.restore(node.request())) }
        // Each answer makes room.
        var hasRoom = false
        try await node.wait {
          hasRoom = (try? node.receive(.evacuate(node.request()))) != nil
          return hasRoom
        }
        #expect(hasRoom)
      }
    }
  }
}
