import AsyncLoop
import Glibc
import Linux
import Loop
import TestSupport
import Testing

@testable import launcher_vmm

/// A client that has come to the console in a folder.
@LoopActor private func client(in folder: TemporaryFolder) throws -> Descriptor {
  let socket = try UnixSocket.make(.stream)
  try UnixSocket.connect(socket, to: "\(folder.path)/console")
  return socket
}

private func say(_ text: String, _ socket: Descriptor) {
  _ = text.withCString { write(socket.raw, $0, strlen($0)) }
}

/// What has come; nil when the other side has ended the connection.
private func heard(_ socket: Descriptor) -> String? {
  var bytes = [UInt8](repeating: 0, count: 65_536)
  let count = read(socket.raw, &bytes, bytes.count)
  return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : count == 0 ? nil : ""
}

/// Serves the loop until something holds; the test's alarm ends what never comes.
@LoopActor private func waitUntil(_ condition: () -> Bool) async {
  while !condition() { await LoopActor.sleep(until: .after(seconds: 0.005)) }
}

@Test func whatAGuestDoesNotTakeWaitsAndWhoeverTypesWaitsWithIt() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let folder = try TemporaryFolder()
      var taken: [UInt8] = []
      var room = 3
      let server = try ConsoleServer(in: folder.handle) { bytes in
        let count = min(room, bytes.count)
        taken += bytes[..<count]
        room -= count
        return count
      }
      let (one, other) = (try client(in: folder), try client(in: folder))
      say("hello", one)
      await waitUntil { taken == bytes("hel") }
      say("!", other)
      for _ in 0..<10 { await LoopActor.sleep(until: .now) }
      #expect(taken == bytes("hel"))
      room = 100
      await waitUntil { taken == bytes("hello!") }
      server.close()
      #expect(try Files.names(in: folder.handle).isEmpty)
    }
  }
}

@Test func everybodySeesTheConsoleAndWhoDoesNotReadIsLetGo() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let folder = try TemporaryFolder()
      let server = try ConsoleServer(in: folder.handle) { $0.count }
      let (reader, sleeper) = (try client(in: folder), try client(in: folder))
      await waitUntil {
        server.show(bytes("x"))
        return heard(reader)?.contains("x") ?? false
      }
      let words = [UInt8](repeating: 0x79, count: 4096)
      var all = 0
      var isAlone = false
      await waitUntil {
        server.show(words)
        all += heard(reader)?.count ?? 0
        // The kernel's buffer and ours are full one day.
        var state = pollfd(fd: sleeper.raw, events: 0, revents: 0)
        isAlone = poll(&state, 1, 0) == 1
        return isAlone
      }
      #expect(all > 0)
      server.show(bytes("still there"))
      await waitUntil { heard(reader)?.hasSuffix("still there") ?? false }
      server.close()
      await waitUntil { heard(reader) == nil }
    }
  }
}

@Test func aConsoleTakesABoundedNumberOfPeople() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let folder = try TemporaryFolder()
      let server = try ConsoleServer(in: folder.handle) { $0.count }
      var people: [Descriptor] = []
      for _ in 0..<8 {
        people.append(try client(in: folder))
        await LoopActor.sleep(until: .now)
      }
      let late = try client(in: folder)
      await waitUntil { heard(late) == nil }
      people.removeFirst().close()
      var next = try client(in: folder)
      // The one that left may be noticed after the next one has come.
      await waitUntil {
        if heard(next) == nil, let again = try? client(in: folder) { next = again }
        server.show(bytes("x"))
        return heard(next)?.contains("x") ?? false
      }
      server.close()
    }
  }
}
