import Glibc

/// What glog's options say, before anything is opened.
public struct LogOptions: Sendable {
  /// Folder with a folder for each process.
  public var folder: String
  /// -logtostderr: to standard error instead of files.
  public var toStandardError = false
  /// -alsologtostderr: to standard error as well as files.
  public var alsoToStandardError = false
  /// -stderrthreshold: lines from this severity on go to standard error as well as files.
  public var threshold = FileSeverity.error
  public var verbosity = 0
  public var modules = ModuleLevels()
  public var backtrace: CodeLine?
  /// Bytes of one file, and of all.
  public var maximumFile = LogOptions.defaultFile
  public var maximumTotal = LogOptions.defaultTotal

  public static let defaultFile = 16 * 1_048_576
  public static let defaultTotal = 256 * 1_048_576

  public init(folder: String) { self.folder = folder }

  /// Until the process is who it will be and may open its files: standard error alone.
  public var early: LogSettings {
    LogSettings(format: .ofStandardError(), verbosity: verbosity, modules: modules, backtrace: backtrace)
  }

  /// Opens what the process logs to. It must have its user by then: launcher starts it without the right to pass by the
  /// permissions of folders.
  ///
  /// - Parameters:
  ///   - program: the name of the folder and the beginning of the files' names.
  ///   - part: of a program that is several processes, this one's name, for files of its own in the same folder.
  ///   - user: whom the process will run as, for the files' names.
  public func settings(program: String, part: String? = nil, user: uid_t) -> LogSettings {
    var settings = early
    if settings.format == .glog, !toStandardError, let files = openFiles(program, part, user) {
      settings.sink = GlogSink(files: files, threshold: alsoToStandardError ? .info : threshold)
    }
    return settings
  }

  /// Where a program's log files are.
  public func folder(of program: String) -> String { "\(folder)/\(program)" }

  private func openFiles(_ program: String, _ part: String?, _ user: uid_t) -> LogFiles? {
    let path = folder(of: program)
    let opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else {
      log.warning("open \(path): \(String(cString: strerror(errno))): logging to standard error")
      return nil
    }
    return LogFiles(
      folder: opened, program: part ?? program, host: Self.hostName(), user: Self.name(of: user),
      limits: LogFiles.Limits(file: maximumFile, total: maximumTotal))
  }

  /// Up to the first dot, as glog has it.
  private static func hostName() -> String {
    var name = utsname()
    guard uname(&name) == 0 else { return "unknownhost" }
    let text = withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return fileSafe(String(text.prefix { $0 != "." }), or: "unknownhost")
  }

  private static func name(of user: uid_t) -> String {
    fileSafe(getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "", or: String(user))
  }

  /// A name that stays one part of a file's name.
  private static func fileSafe(_ text: String, or other: String) -> String {
    let isSafe = text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x2f && $0 != 0x7f }
    return text.isEmpty || !isSafe ? other : text
  }
}

/// The value of `-log_backtrace_at`: a line of the source.
public struct CodeLine: Equatable, Sendable {
  let file: String
  let line: Int

  /// Reads `file:N`, where the file is named without its folder; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, let line = Int(parts[1]), line > 0 else { return nil }
    file = String(parts[0])
    self.line = line
  }

  func matches(_ file: String, _ line: Int) -> Bool { line == self.line && fileName(file) == self.file }
}
