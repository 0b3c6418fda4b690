import Glibc

extension Logger {
  /// The verbosity at which steps are written.
  public static let stepVerbosity = 2

  /// Writes that a command has come to a step, with the moment on the monotonic clock, which all processes share, in
  /// nanoseconds. Off, it costs the look at the verbosity.
  public func step(_ name: @autoclosure () -> String, file: String = #fileID, line: Int = #line) {
    verbose(Self.stepVerbosity, file: file, line: line) {
      var now = timespec()
      clock_gettime(CLOCK_MONOTONIC, &now)
      return "step \(now.tv_sec * 1_000_000_000 + now.tv_nsec) \(name())"
    }
  }
}
