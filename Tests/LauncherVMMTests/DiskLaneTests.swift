import AsyncLoop
import Linux
import Testing

@testable import launcher_vmm

@Test func piecesOfWorkForTheDiskAreDoneInTurnAndEventsHappenBetweenThem() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let lane = DiskLane()
      let pipe = try Descriptor.pipe()
      var happened: [String] = []
      LoopActor.loop.onReadable(pipe.reader.raw) {
        LoopActor.loop.forget(pipe.reader.raw)
        happened.append("event")
      }
      try await together(
        [1, 2, 3].map { number in
          {
            try await lane.run {
              happened.append("first of \(number)")
              if number == 1 { try Files.write([0], to: pipe.writer, named: "pipe") }
            }
            await lane.run { happened.append("second of \(number)") }
          }
        })
      #expect(
        happened == [
          "first of 1", "event", "second of 1", "first of 2", "first of 3", "second of 2", "second of 3",
        ])
    }
  }
}

@Test func workForTheDiskThatFailsGivesTheLaneOn() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let lane = DiskLane()
      await #expect(throws: SystemError.self) {
        try await lane.run { () throws(SystemError) in throw SystemError("sync", "file", code: 5) }
      }
      let done = await lane.run { true }
      #expect(done)
    }
  }
}

@Test func aDeletionWaitsForTheDisksTurn() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let node = try TestNode()
      _ = try node.makeInstance(plugged: nil)
      await node.run()
      let lane = node.store.lane
      var before: [String] = []
      // Many, for the deletion has other steps before it comes to its files.
      for _ in 0..<100 {
        LoopActor.start { await lane.run { before = (try? Files.names(in: node.store.instances)) ?? [] } }
      }
      try node.receive(.delete(node.request(), id))
      try await node.wait { !node.node.reports.open.isEmpty }
      #expect(node.node.reports.open.map(\.2) == [.deleted(id)])
      #expect(before == [id.text])
      #expect(try Files.names(in: node.store.instances) == [])
    }
  }
}
