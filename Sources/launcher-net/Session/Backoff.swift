/// Delays between attempts to reach a scheduler: growing, so that a dead one is not hammered, and jittered, so that a
/// thousand nodes do not come back in step.
struct Backoff {
  /// Seconds.
  static let first = 0.25
  static let longest = 30.0

  private var next = Backoff.first

  /// Seconds to wait now: between half and the whole of the current step, which then doubles.
  mutating func delay() -> Double {
    defer { next = min(next * 2, Self.longest) }
    return next * Double.random(in: 0.5...1)
  }
}
