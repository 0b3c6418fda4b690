/// How much a line matters.
public enum Severity: Sendable {
  /// Detail that `-v` or `-vmodule` asked for.
  case verbose
  case info
  case warning
  case error
  /// The process ends after this line.
  case fatal

  /// The first character of a line in glog's format, which knows no severity below info.
  var letter: Unicode.Scalar {
    switch self {
    case .verbose, .info: "I"
    case .warning: "W"
    case .error: "E"
    case .fatal: "F"
    }
  }

  /// The priority of sd-daemon(3), which is that of syslog(3).
  var priority: Int {
    switch self {
    case .verbose: 7
    case .info: 6
    case .warning: 4
    case .error: 3
    case .fatal: 2
    }
  }
}
