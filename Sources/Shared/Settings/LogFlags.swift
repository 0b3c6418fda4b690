import Glog
import GoFlags

/// glog's options.
struct LogFlags {
  private static let group = "Logging"
  /// Highest level of verbose lines.
  private static let levels = 0...10
  /// Bytes: below this a file holds no useful stretch of time.
  private static let leastSize = 65_536
  private static let largestSize = 1 << 40

  private let folder: Flag<String>
  private let toStandardError: Flag<Bool>
  private let alsoToStandardError: Flag<Bool>
  private let threshold: Flag<FileSeverity>
  private let verbosity: Flag<Int>
  private let modules: Flag<ModuleLevels>
  private let backtrace: Flag<CodeLine?>
  private let maximumFile: Flag<Int>
  private let maximumTotal: Flag<Int>

  init(in flags: inout FlagSet) {
    folder = flags.string(
      "log_dir", "FOLDER", default: "", group: Self.group, help: "log files, default STATE/logs",
      detail: """
        Each process has a folder of its own name in it, which launcher makes and gives to the process's user. Without \
        this option it is logs in the -state-dir.
        """, completion: .folder)
    toStandardError = flags.bool("logtostderr", group: Self.group, help: "to standard error instead of files")
    alsoToStandardError = flags.bool("alsologtostderr", group: Self.group, help: "to standard error and to files")
    threshold = flags.value(
      "stderrthreshold", "SEVERITY", default: .error, defaultText: FileSeverity.error.name,
      allowed: "one of INFO, WARNING, ERROR, FATAL", group: Self.group, help: "standard error also gets these",
      detail: "Lines of this severity and above go to standard error as well as to files.",
      completion: .values(FileSeverity.allCases.map(\.name))
    ) { FileSeverity($0) }
    verbosity = flags.int(
      "v", "LEVEL", default: 0, in: Self.levels, group: Self.group, help: "verbose lines up to this")
    modules = flags.value(
      "vmodule", "PATTERN=N,...", default: ModuleLevels(), defaultText: "", allowed: "a list of PATTERN=LEVEL",
      group: Self.group, help: "-v for source files that match",
      detail: """
        A pattern is compared with the name of a source file without .swift; the first one that matches counts. A star \
        and a question mark stand for any text and any character.
        """
    ) { ModuleLevels($0) }
    backtrace = flags.value(
      "log_backtrace_at", "FILE:N", default: nil, defaultText: "", allowed: "FILE:LINE", group: Self.group,
      help: "stack trace at this source line", detail: "Behind each line that is logged there."
    ) { text in CodeLine(text).map { Optional($0) } }
    maximumFile = flags.size(
      "log_max_size", default: LogOptions.defaultFile, in: Self.leastSize...Self.largestSize, group: Self.group,
      help: "size of a log file",
      detail: "At this size the next file is begun. It is never more than an eighth of -log_max_total.")
    maximumTotal = flags.size(
      "log_max_total", default: LogOptions.defaultTotal, in: Self.leastSize...Self.largestSize, group: Self.group,
      help: "size of a process's files", detail: "The oldest files are removed before a process's exceed this.")
  }

  func options(_ parsed: ParsedFlags, stateFolder: String) -> LogOptions {
    var options = LogOptions(folder: parsed[folder].isEmpty ? "\(stateFolder)/logs" : parsed[folder])
    options.toStandardError = parsed[toStandardError]
    options.alsoToStandardError = parsed[alsoToStandardError]
    options.threshold = parsed[threshold]
    options.verbosity = parsed[verbosity]
    options.modules = parsed[modules]
    options.backtrace = parsed[backtrace]
    options.maximumFile = parsed[maximumFile]
    options.maximumTotal = parsed[maximumTotal]
    return options
  }
}
