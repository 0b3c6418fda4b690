import Glibc
import Synchronization

/// The log of this process. Call `configure` before the process confines itself.
public let log = Logger()

/// Writes lines in glog's format; never waits for a reader that does not read, never ends the process but by `fatal`.
///
/// A line that cannot be written is dropped and counted; the next one that can be written is preceded by the count.
/// What a message brings from outside cannot start a line of its own or reach the terminal: see `VisibleText`.
public final class Logger: Sendable {
  private struct State {
    var settings: LogSettings
    var pid: Int32
    var dropped: UInt64 = 0

    mutating func write(_ message: String, _ severity: Severity, _ file: String, _ line: Int, _ time: timespec) -> Bool
    {
      let bytes = LogLine.bytes(
        message, severity: severity, file: file, line: line, format: settings.format, time: time, pid: pid)
      return settings.sink.write(bytes, severity: severity)
    }
  }

  /// The processes have one thread; the lock is what makes a global of mutable state legal, and costs nothing there.
  private let state: Mutex<State>

  public init(_ settings: LogSettings = LogSettings()) {
    state = Mutex(State(settings: settings, pid: Self.prepareProcess()))
  }

  /// Replaces the settings, and reads anew what depends on the process: a forked child calls it for its own pid.
  ///
  /// Reads the time zone file now, because a confined process cannot, and ignores SIGPIPE, because a log whose reader
  /// has gone must not end the process. Afterwards a line needs poll(2) and write(2), and no file.
  public func configure(_ settings: LogSettings) {
    let pid = Self.prepareProcess()
    // The C library loads what it walks the stack with at first use.
    if settings.backtrace != nil { _ = StackTrace.lines() }
    state.withLock { state in
      state.settings = settings
      state.pid = pid
    }
  }

  private static func prepareProcess() -> Int32 {
    tzset()
    signal(SIGPIPE, SIG_IGN)
    return getpid()
  }

  public func info(_ message: @autoclosure () -> String, file: String = #fileID, line: Int = #line) {
    write(message(), .info, file, line)
  }

  public func warning(_ message: @autoclosure () -> String, file: String = #fileID, line: Int = #line) {
    write(message(), .warning, file, line)
  }

  public func error(_ message: @autoclosure () -> String, file: String = #fileID, line: Int = #line) {
    write(message(), .error, file, line)
  }

  /// Writes a last line and ends the process with an exit status.
  public func fatal(
    _ message: @autoclosure () -> String, status: Int32 = 1, file: String = #fileID, line: Int = #line
  ) -> Never {
    write(message(), .fatal, file, line)
    exit(status)
  }

  /// Writes a line of detail if `-v` or `-vmodule` asks for its level; otherwise the message is not even built.
  public func verbose(_ level: Int, file: String = #fileID, line: Int = #line, _ message: () -> String) {
    if isVerbose(level, file: file) { write(message(), .verbose, file, line) }
  }

  /// Whether `verbose(level)` in this file writes: for work that is only done for the log.
  public func isVerbose(_ level: Int, file: String = #fileID) -> Bool {
    state.withLock { $0.settings.verbosity >= level || $0.settings.modules.level(of: file) >= level }
  }

  /// The message is already built: building it under the lock would deadlock when it logs itself.
  private func write(_ message: String, _ severity: Severity, _ file: String, _ line: Int) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    state.withLock { state in
      if state.dropped > 0, state.write("\(state.dropped) lines dropped", .warning, #fileID, #line, now) {
        state.dropped = 0
      }
      // While the count cannot be written the line is lost too: it would hide the gap.
      if state.dropped > 0 || !state.write(message, severity, file, line, now) { state.dropped &+= 1 }
      guard state.settings.backtrace?.matches(file, line) == true else { return }
      for frame in StackTrace.lines() where !state.write(frame, severity, file, line, now) { state.dropped &+= 1 }
    }
  }
}
