import Glibc

/// A moment on the kernel's monotonic clock, in nanoseconds.
public struct Moment: Comparable, Hashable, Sendable {
  public let nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static var now: Moment {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  public static func after(seconds: Double) -> Moment {
    Moment(nanoseconds: now.nanoseconds + Int64(seconds * 1_000_000_000))
  }

  public static func < (a: Moment, b: Moment) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Seconds from this moment to the present.
  public var age: Double { Double(Moment.now.nanoseconds - nanoseconds) / 1_000_000_000 }
}
