import AsyncLoop
import CShims
import Glibc
import Linux
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
