import CShims
import Glibc
import Linux

/// One thread's epoll loop: descriptors that became ready, and timers.
///
/// Everything runs on the thread that calls `run`; nothing here is safe to call from another one.
public final class EventLoop {
  /// Ready descriptors taken per wait; more stay ready for the next one.
  private static let batch = 64
  /// Rounds of other work between two waits.
  private static let turns = 64

  private struct Handlers {
    var reader: (() -> Void)?
    var writer: (() -> Void)?
    /// Tells an event that was already fetched when its descriptor's number was closed and used anew.
    var generation: UInt32

    var mask: UInt32 {
      (reader == nil ? 0 : EPOLLIN.rawValue | EPOLLRDHUP.rawValue) | (writer == nil ? 0 : EPOLLOUT.rawValue)
    }
  }

  public struct Timer: Hashable, Comparable {
    fileprivate let due: Moment
    fileprivate let number: UInt64

    public static func < (a: Timer, b: Timer) -> Bool { a.due == b.due ? a.number < b.number : a.due < b.due }
  }

  private let epoll: Descriptor
  private var handlers: [Int32: Handlers] = [:]
  private var generation: UInt32 = 0
  private var timers: [Timer: () -> Void] = [:]
  /// Ascending from the end: the next timer is the last element.
  private var order: [Timer] = []
  private var timerNumber: UInt64 = 0
  private var stopped = false
  private var idleMemory = IdleMemory()

  /// Called before each wait; true when it did something and may have more to do.
  public var beforeWait: (() -> Bool)?

  public init() throws(SystemError) {
    let fd = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard fd >= 0 else { throw SystemError("epoll_create1", "") }
    epoll = Descriptor(fd)
  }

  /// Calls `handler` whenever `fd` can be read or has ended, until set to nil.
  public func onReadable(_ fd: Int32, _ handler: (() -> Void)?) {
    change(fd) { $0.reader = handler }
  }

  /// Calls `handler` whenever `fd` can be written or has ended, until set to nil.
  public func onWritable(_ fd: Int32, _ handler: (() -> Void)?) {
    change(fd) { $0.writer = handler }
  }

  /// Both at once; due before a watched descriptor is closed.
  public func forget(_ fd: Int32) {
    change(fd) {
      $0.reader = nil
      $0.writer = nil
    }
  }

  private func change(_ fd: Int32, _ update: (inout Handlers) -> Void) {
    let known = handlers[fd]
    var entry = known ?? Handlers(reader: nil, writer: nil, generation: 0)
    update(&entry)
    if entry.mask == 0 {
      handlers[fd] = nil
      if known != nil { _ = control(EPOLL_CTL_DEL, fd, entry) }
      return
    }
    if known != nil {
      handlers[fd] = entry
      if !control(EPOLL_CTL_MOD, fd, entry) { return }
      // Its handlers are of a descriptor that was closed while it was watched, and had this number.
      if errno == ENOENT {
        handlers[fd] = nil
        return change(fd, update)
      }
    } else {
      generation &+= 1
      entry.generation = generation
      handlers[fd] = entry
      if !control(EPOLL_CTL_ADD, fd, entry) { return }
    }
    preconditionFailure("epoll_ctl on descriptor \(fd): \(SystemError.text(errno))")
  }

  private func control(_ operation: Int32, _ fd: Int32, _ entry: Handlers) -> Bool {
    var event = epoll_event()
    event.events = entry.mask
    event.data.u64 = UInt64(entry.generation) << 32 | UInt64(UInt32(bitPattern: fd))
    return epoll_ctl(epoll.raw, operation, fd, &event) != 0
  }

  /// Calls `action` once, not before `due`.
  @discardableResult
  public func schedule(at due: Moment, _ action: @escaping () -> Void) -> Timer {
    timerNumber += 1
    let timer = Timer(due: due, number: timerNumber)
    timers[timer] = action
    order.insert(timer, at: index(of: timer))
    return timer
  }

  /// Where `timer` stands or belongs in the descending `order`.
  private func index(of timer: Timer) -> Int {
    var low = 0
    var high = order.count
    while low < high {
      let middle = (low + high) / 2
      if order[middle] > timer { low = middle + 1 } else { high = middle }
    }
    return low
  }

  public func cancel(_ timer: Timer) {
    guard timers.removeValue(forKey: timer) != nil else { return }
    order.remove(at: index(of: timer))
  }

  public func stop() { stopped = true }

  /// Serves events and timers until `stop`.
  public func run() {
    var events = [epoll_event](repeating: epoll_event(), count: Self.batch)
    if idleMemory.hasWorked(0) { watchIdleMemory() }
    while !stopped {
      // Work that makes more work at once must not keep events and timers waiting.
      var turns = 0
      var hasMore = true
      while hasMore, turns < Self.turns, !stopped {
        hasMore = beforeWait?() ?? false
        turns += 1
      }
      if stopped { break }
      let count = epoll_wait(epoll.raw, &events, Int32(events.count), hasMore ? 0 : waitMilliseconds())
      if idleMemory.hasWorked(Int(max(0, count))) { watchIdleMemory() }
      for event in events.prefix(Int(max(0, count))) where !stopped { deliver(event) }
      runDueTimers()
    }
  }

  private func watchIdleMemory() {
    schedule(at: idleMemory.nextLook) { [unowned self] in
      if !idleMemory.look() { watchIdleMemory() }
    }
  }

  private func deliver(_ event: epoll_event) {
    let fd = Int32(truncatingIfNeeded: event.data.u64)
    let generation = UInt32(event.data.u64 >> 32)
    let ended = event.events & (EPOLLHUP.rawValue | EPOLLERR.rawValue | EPOLLRDHUP.rawValue) != 0
    if ended || event.events & EPOLLIN.rawValue != 0, let entry = handlers[fd], entry.generation == generation {
      entry.reader?()
    }
    if ended || event.events & EPOLLOUT.rawValue != 0, let entry = handlers[fd], entry.generation == generation {
      entry.writer?()
    }
  }

  private func waitMilliseconds() -> Int32 {
    guard let next = order.last else { return -1 }
    let left = next.due.nanoseconds - Moment.now.nanoseconds
    // Rounded up, so that a timer is not found early and waited for again in a busy loop.
    return left <= 0 ? 0 : Int32(min((left + 999_999) / 1_000_000, Int64(Int32.max)))
  }

  private func runDueTimers() {
    let now = Moment.now
    while let next = order.last, next.due <= now, !stopped {
      order.removeLast()
      timers.removeValue(forKey: next)?()
    }
  }
}
