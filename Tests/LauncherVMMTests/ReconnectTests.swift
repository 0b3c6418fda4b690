import AsyncLoop
import Glibc
import Linux
import Loop
import Testing

@testable import launcher_vmm

struct ReconnectTests {
  /// Descriptors of this process.
  private static func descriptors() throws -> Int {
    try Files.names(in: .open("/proc/self/fd", O_RDONLY | O_DIRECTORY)).count
  }

  /// A monitor that hangs up on each connection, before it greets or as soon as it has answered, and then behaves: it
  /// is connected to once in an interval, and leaves nothing open.
  @Test(arguments: [(20, 0), (0, 20), (10, 10)])
  func aMonitorThatHangsUpIsConnectedToOnceInAnInterval(rude: Int, short: Int) async {
    await #expect(processExitsWith: .success) { [rude, short] in
      onLoop {
        Machine.reconnectDelay = 0.02
        let node = try TestNode()
        let machine = try #require(try node.makeInstance())
        (machine.rudeRounds, machine.shortRounds) = (rude, short)
        var (times, open): ([Moment], [Int]) = ([], [])
        machine.onConnection = {
          times.append(.now)
          open.append((try? ReconnectTests.descriptors()) ?? -1)
        }
        await node.run()
        try await node.wait { machine.commands.count == short + 1 }
        #expect(machine.commands.allSatisfy { $0 == "qmp_capabilities" })
        // It answers and stays: nobody connects once more.
        await LoopActor.sleep(until: .after(seconds: 3 * Machine.reconnectDelay))
        #expect(machine.connections == rude + short + 1)
        #expect(times.last!.nanoseconds - times[0].nanoseconds >= Int64(Double(rude + short) * 20_000_000))
        #expect(Set(open.dropFirst(2)).count == 1, "\(open)")
        machine.end()
      }
    }
  }
}
