import Glibc
import Linux
import Loop
import TestSupport
import Testing

@testable import AsyncLoop

/// Runs `body` on the loop of this process, which can be run once: each test has a process of its own.
private func onLoop(_ body: @escaping @LoopActor () async throws -> Void) {
  alarm(30)
  LoopActor.run {
    do { try await body() } catch { Issue.record(error) }
    LoopActor.loop.stop()
  }
}

@Test func aWaitEndsWhenItsDescriptorIsReady() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let (reader, writer) = try Descriptor.pipe()
      LoopActor.loop.schedule(at: .now) { writer.close() }
      #expect(await LoopActor.wait(reader.raw, .readable))
      // It no longer watches: the descriptor can be waited for again.
      #expect(await LoopActor.wait(reader.raw, .readable, until: .after(seconds: 20)))
    }
  }
}

@Test func aWaitEndsAtItsDeadlineAndCanBeRepeated() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let (reader, writer) = try Descriptor.pipe()
      let deadline = Moment.after(seconds: 0.01)
      #expect(await !LoopActor.wait(reader.raw, .readable, until: deadline))
      #expect(Moment.now >= deadline)
      #expect(await !LoopActor.wait(reader.raw, .readable, until: .now))
      writer.close()
      #expect(await LoopActor.wait(reader.raw, .readable, until: .after(seconds: 20)))
    }
  }
}

@Test func aSleepEndsNotBeforeItsTime() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let deadline = Moment.after(seconds: 0.01)
      await LoopActor.sleep(until: deadline)
      #expect(Moment.now >= deadline)
    }
  }
}

@Test func aGateLetsEveryoneGoInOrderOfArrival() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let gate = Gate()
      var order: [Int] = []
      let finished = Gate()
      for number in 0..<5 {
        LoopActor.start {
          #expect(await gate.wait())
          order.append(number)
          if order.count == 5 { finished.open() }
        }
      }
      LoopActor.loop.schedule(at: .now) { LoopActor.start { gate.open() } }
      #expect(await finished.wait(until: .after(seconds: 20)))
      #expect(order == [0, 1, 2, 3, 4])
    }
  }
}

@Test func aGateIsNoLatchAndAWaitHasADeadline() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let gate = Gate()
      gate.open()
      #expect(await !gate.wait(until: .after(seconds: 0.005)))
      gate.open()
      LoopActor.loop.schedule(at: .now) { LoopActor.start { gate.open() } }
      #expect(await gate.wait(until: .after(seconds: 20)))
    }
  }
}

@Test func whoWaitsAgainWhileAGateOpensWaitsForTheNextOpening() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let gate = Gate()
      var rounds = 0
      LoopActor.start {
        while await gate.wait() { rounds += 1 }
      }
      await LoopActor.sleep(until: .now)
      gate.open()
      await LoopActor.sleep(until: .now)
      #expect(rounds == 1)
      gate.open()
      await LoopActor.sleep(until: .now)
      #expect(rounds == 2)
    }
  }
}

@LoopActor private final class Busy {
  var goesOn = true
}

@Test func tasksThatKeepEachOtherBusyDoNotKeepEventsWaiting() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let busy = Busy()
      LoopActor.start { while busy.goesOn { await Task.yield() } }
      await LoopActor.sleep(until: .after(seconds: 0.001))
      busy.goesOn = false
    }
  }
}

@Test func tasksRunOnTheThreadOfTheLoop() async {
  await #expect(processExitsWith: .success) {
    let thread = pthread_self()
    onLoop {
      #expect(pthread_equal(pthread_self(), thread) != 0)
      await LoopActor.sleep(until: .now)
      #expect(pthread_equal(pthread_self(), thread) != 0)
      let gate = Gate()
      LoopActor.start {
        #expect(pthread_equal(pthread_self(), thread) != 0)
        gate.open()
      }
      #expect(await gate.wait(until: .after(seconds: 20)))
    }
  }
}
