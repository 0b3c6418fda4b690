import CShims
import Linux

/// Sees to it that a process that waits holds little memory: when it has become quiet after a time of work, its start
/// above all, what the work has left is given back.
struct IdleMemory {
  /// Events of a time of work: fewer, as those of a sample every now and then, leave too little to be worth a fault.
  private static let work = 100
  /// Seconds, and events within them at most, of which a process that waits for its peers has a few.
  private static let quietTime = 5.0
  private static let quietEvents = 16

  /// A process that has just started has worked.
  private var events = IdleMemory.work
  private var eventsBefore = 0
  private var isWatching = false

  /// Counts events that were delivered; true when it is to be looked at from now on whether more come.
  mutating func hasWorked(_ count: Int) -> Bool {
    events += count
    guard events >= Self.work, !isWatching else { return false }
    isWatching = true
    eventsBefore = events
    return true
  }

  /// When to look next.
  var nextLook: Moment { .after(seconds: Self.quietTime) }

  /// Gives memory back if it has been quiet since the last look; false when it is to be looked at again.
  mutating func look() -> Bool {
    guard events - eventsBefore <= Self.quietEvents else {
      eventsBefore = events
      return false
    }
    sh_give_back_memory()
    events = 0
    isWatching = false
    return true
  }
}
