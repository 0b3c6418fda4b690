import AsyncLoop
import Glibc
import Linux
import Loop
import TestSupport
import Testing

@testable import launcher_vmm

/// Asks again and again, serving the loop meanwhile; the test's alarm ends what never comes.
@LoopActor private func waitUntil(_ condition: () throws -> Bool) async rethrows {
  while try !condition() { await LoopActor.sleep(until: .after(seconds: 0.005)) }
}

private func text(_ name: String, in folder: TemporaryFolder) -> String {
  (try? Files.read(name, in: folder.handle, limit: Recorder.maximumSize)).map { String(decoding: $0, as: UTF8.self) }
    ?? ""
}

private func size(_ name: String, in folder: TemporaryFolder) throws -> Int {
  Int(try Descriptor.open(name, O_RDONLY, in: folder.handle).status().st_size)
}

@Test func theOutputOfAMachineIsKeptAlsoWhatItSaysWhileLauncherIsAway() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let folder = try TemporaryFolder()
      let machine = try Recorder.makeOutputPipe(in: folder.handle)
      let first = try #require(Recorder.output(in: folder.handle))
      try Files.write(bytes("one\n"), to: machine, named: "output")
      await waitUntil { text("qemu.log", in: folder) == "one\n" }
      first.close()
      try Files.write(bytes("two\n"), to: machine, named: "output")
      let second = try #require(Recorder.output(in: folder.handle))
      try Files.write(bytes("three\n"), to: machine, named: "output")
      // Its last words, when its end is seen before they are read.
      machine.close()
      second.finish()
      #expect(text("qemu.log", in: folder) == "one\ntwo\nthree\n")
      // The next machine's begin anew.
      _ = try Recorder.makeOutputPipe(in: folder.handle)
      #expect(try Files.names(in: folder.handle) == ["output"])
    }
  }
}

@Test func aMachineThatFloodsNeverWaitsAndFillsTwoBoundedFiles() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let folder = try TemporaryFolder()
      let machine = try Recorder.makeOutputPipe(in: folder.handle)
      let flood = [UInt8](repeating: UInt8(ascii: "x"), count: 4096)
      func fill() { while write(machine.raw, flood, flood.count) > 0 {} }
      // Nobody is there, and the write that finds no room fails at once.
      fill()
      #expect(errno == EAGAIN)
      let recorder = try #require(Recorder.output(in: folder.handle))
      var replaced: Set<Int> = []
      await waitUntil {
        fill()
        var status = stat()
        if fstatat(folder.handle.raw, "qemu.log.old", &status, 0) == 0 { replaced.insert(status.st_mtim.tv_nsec) }
        return replaced.count == 2
      }
      recorder.close()
      #expect(try size("qemu.log", in: folder) <= Recorder.maximumSize)
      #expect(try size("qemu.log.old", in: folder) <= Recorder.maximumSize)
    }
  }
}

@Test func whatIsNoPipeIsNotTakenForAMachinesOutput() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let folder = try TemporaryFolder()
      #expect(Recorder.output(in: folder.handle) == nil)
      try Files.create("output", bytes("a file"), in: folder.handle)
      #expect(Recorder.output(in: folder.handle) == nil)
      #expect(try Files.names(in: folder.handle) == ["output"])
    }
  }
}
