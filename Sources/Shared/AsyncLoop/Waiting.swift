import Linux
import Loop

/// What a task waits for. Each wait ends at its deadline at the latest.
extension LoopActor {
  public enum Readiness { case readable, writable }

  /// Waits until `fd` is ready; false when `deadline` came first. At most one waiter for each of reading and
  /// writing a descriptor.
  @LoopActor public static func wait(_ fd: Int32, _ readiness: Readiness, until deadline: Moment? = nil) async -> Bool {
    let watch = readiness == .readable ? loop.onReadable : loop.onWritable
    return await withCheckedContinuation { continuation in
      var timer: EventLoop.Timer?
      watch(fd) {
        watch(fd, nil)
        if let timer { loop.cancel(timer) }
        continuation.resume(returning: true)
      }
      guard let deadline else { return }
      timer = loop.schedule(at: deadline) {
        watch(fd, nil)
        continuation.resume(returning: false)
      }
    }
  }

  @LoopActor public static func sleep(until deadline: Moment) async {
    await withCheckedContinuation { continuation in
      loop.schedule(at: deadline) { continuation.resume() }
    }
  }
}

/// A condition that tasks wait for and others fulfil.
@LoopActor public final class Gate {
  private struct Waiter {
    let continuation: CheckedContinuation<Bool, Never>
    let timer: EventLoop.Timer?
  }

  private var waiters: [UInt64: Waiter] = [:]
  private var number: UInt64 = 0

  public nonisolated init() {}

  /// Waits for the next `open`; false when `deadline` came first.
  public func wait(until deadline: Moment? = nil) async -> Bool {
    number += 1
    let ticket = number
    return await withCheckedContinuation { continuation in
      let timer = deadline.map {
        LoopActor.loop.schedule(at: $0) {
          self.waiters.removeValue(forKey: ticket)?.continuation.resume(returning: false)
        }
      }
      waiters[ticket] = Waiter(continuation: continuation, timer: timer)
    }
  }

  /// Lets everyone go who waits now, in the order in which they came.
  public func open() {
    let all = waiters.sorted { $0.key < $1.key }
    waiters.removeAll()
    for (_, waiter) in all {
      if let timer = waiter.timer { LoopActor.loop.cancel(timer) }
      waiter.continuation.resume(returning: true)
    }
  }
}
