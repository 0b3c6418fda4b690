public import Glibc

/// How a line begins.
public enum LogFormat: Sendable {
  /// glog's `Lmmdd hh:mm:ss.uuuuuu pid file:line] message`, in local time.
  case glog
  /// `<priority>file:line] message` for a service whose standard error is systemd's journal, which knows time and pid.
  case journal

  /// The format for this process's standard error: systemd says in JOURNAL_STREAM, by device and inode number, which
  /// file its journal reads (systemd.exec(5)); a standard error that was redirected since is another file.
  public static func ofStandardError() -> LogFormat {
    var status = stat()
    guard let stream = getenv("JOURNAL_STREAM"), fstat(STDERR_FILENO, &status) == 0 else { return .glog }
    return String(cString: stream) == "\(status.st_dev):\(status.st_ino)" ? .journal : .glog
  }
}

/// Where lines go and which of the verbose ones are written.
public struct LogSettings: Sendable {
  public var format: LogFormat
  public var sink: any LogSink
  /// The value of `-v`: verbose lines up to this level are written.
  public var verbosity: Int
  /// The value of `-vmodule`: files whose verbose lines are written up to a level of their own.
  public var modules: ModuleLevels
  /// The value of `-log_backtrace_at`: behind a message of this line a stack trace is written.
  public var backtrace: CodeLine?

  /// Lines go to files: a confined process needs the rights to keep them.
  public var usesFiles: Bool { sink is GlogSink }

  public init(
    format: LogFormat = .glog, sink: any LogSink = DescriptorSink(STDERR_FILENO), verbosity: Int = 0,
    modules: ModuleLevels = ModuleLevels(), backtrace: CodeLine? = nil
  ) {
    self.format = format
    self.sink = sink
    self.verbosity = verbosity
    self.modules = modules
    self.backtrace = backtrace
  }
}
