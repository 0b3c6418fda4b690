import Glibc

/// glog's files: one for each severity, with every line of that severity and above in it.
///
/// All are opened relative to one folder that is kept open, so a confined process needs no right but to this folder. A
/// disk that is full or read-only costs lines, which the logger counts, and nothing else.
struct LogFiles: Sendable {
  /// How much is kept on disk, in bytes.
  struct Limits: Sendable {
    /// Of one file, before the next one is begun.
    var file: Int
    /// Of all files of this program.
    var total: Int

    init(file: Int, total: Int) {
      self.total = total
      // One file of each severity is open: with an eighth each they fill half of what is allowed, and the rest is history.
      self.file = min(file, total / 8)
    }
  }

  private struct File: Sendable {
    var name = ""
    var descriptor: Int32 = -1
    var sink = DescriptorSink(-1)
    var size = 0
    /// Seconds since the epoch of the last attempt to open it that failed.
    var failure = 0
  }

  /// Seconds until a file that could not be opened is tried again.
  private static let retryDelay = 10
  /// Files begun in one second at most: the names differ by a number behind the process's.
  private static let maximumInASecond = 100
  /// Names in the folder that are looked at.
  private static let maximumNames = 10_000

  private let folder: Int32
  private let program: String
  private let host: String
  private let user: String
  private let limits: Limits
  private var files: [File]

  /// - folder: an open folder, kept for the life of the process.
  init(folder: Int32, program: String, host: String, user: String, limits: Limits) {
    self.folder = folder
    self.program = program
    self.host = host
    self.user = user
    self.limits = limits
    files = FileSeverity.allCases.map { _ in File() }
  }

  /// Writes a line to each file that it belongs in; false when one of them did not take it.
  mutating func write(_ line: [UInt8], severity: Severity) -> Bool {
    var isComplete = true
    for level in FileSeverity.allCases where level <= FileSeverity(severity) {
      isComplete = write(line, to: level) && isComplete
    }
    return isComplete
  }

  private mutating func write(_ line: [UInt8], to level: FileSeverity) -> Bool {
    let index = level.rawValue
    if files[index].descriptor < 0 || files[index].size + line.count > limits.file { begin(level) }
    guard files[index].descriptor >= 0 else { return false }
    guard files[index].sink.write(line, severity: .info) else { return false }
    files[index].size += line.count
    return true
  }

  /// Begins a new file. When that fails the old one, if there is one, is gone on with.
  private mutating func begin(_ level: FileSeverity) {
    let index = level.rawValue
    let now = time(nil)
    guard now - files[index].failure >= Self.retryDelay else { return }
    var file = File()
    let stem = "\(program).\(host).\(user).log.\(level.name).\(Self.stamp(now)).\(getpid())"
    for number in 0..<Self.maximumInASecond {
      file.name = number == 0 ? stem : "\(stem).\(number)"
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC
      file.descriptor = openat(folder, file.name, flags, 0o640)
      if file.descriptor >= 0 || errno != EEXIST { break }
    }
    guard file.descriptor >= 0 else {
      files[index].failure = now
      return
    }
    if files[index].descriptor >= 0 { close(files[index].descriptor) }
    file.sink = DescriptorSink(file.descriptor)
    let header = Array(
      """
      Log file created at: \(Self.stamp(now))
      Running on machine: \(host)
      Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu pid file:line] message

      """.utf8)
    if file.sink.write(header, severity: .info) { file.size = header.count }
    files[index] = file
    link(level, to: file.name)
    removeOldest()
  }

  /// Points `<program>.<severity>` at a file: the old link is in place until the new one is.
  private func link(_ level: FileSeverity, to name: String) {
    let new = ".\(program).\(level.name).new"
    unlinkat(folder, new, 0)
    if symlinkat(name, folder, new) == 0 { renameat(folder, new, folder, "\(program).\(level.name)") }
  }

  /// Removes the oldest files until those that are left, and what the open ones may still grow, fit the total.
  private func removeOldest() {
    let open = files.filter { $0.descriptor >= 0 }
    var kept = open.count * limits.file
    var old: [(name: String, size: Int, changed: Int)] = []
    // By parts: a search for a text within a text would link the modules of regular expressions, 1.4 MB.
    for name in names() where name.hasPrefix("\(program).") && name.split(separator: ".").dropLast().contains("log") {
      guard !open.contains(where: { $0.name == name }) else { continue }
      var status = stat()
      guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG else {
        continue
      }
      kept += Int(status.st_size)
      old.append((name, Int(status.st_size), status.st_mtim.tv_sec))
    }
    for file in old.sorted(by: { ($0.changed, $0.name) < ($1.changed, $1.name) }) where kept > limits.total {
      if unlinkat(folder, file.name, 0) == 0 { kept -= file.size }
    }
  }

  private func names() -> [String] {
    let copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { return [] }
    guard let stream = fdopendir(copy) else {
      close(copy)
      return []
    }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < Self.maximumNames, let entry = readdir(stream) {
      names.append(
        withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
  }

  /// `yyyymmdd-hhmmss` in local time.
  private static func stamp(_ moment: time_t) -> String {
    var moment = moment
    var local = tm()
    localtime_r(&moment, &local)
    let date =
      LogLine.padded(local.tm_year + 1900, 4) + LogLine.padded(local.tm_mon + 1) + LogLine.padded(local.tm_mday)
    return date + "-" + LogLine.padded(local.tm_hour) + LogLine.padded(local.tm_min) + LogLine.padded(local.tm_sec)
  }
}

/// The severities that glog knows, each with a file of its own.
public enum FileSeverity: Int, CaseIterable, Comparable, Sendable {
  case info
  case warning
  case error
  case fatal

  init(_ severity: Severity) {
    switch severity {
    case .verbose, .info: self = .info
    case .warning: self = .warning
    case .error: self = .error
    case .fatal: self = .fatal
    }
  }

  /// Reads glog's name in either case, or its number; nil for anything else.
  public init?(_ text: String) {
    guard let found = Self.allCases.first(where: { $0.name == text.uppercased() || String($0.rawValue) == text })
    else { return nil }
    self = found
  }

  public var name: String {
    switch self {
    case .info: "INFO"
    case .warning: "WARNING"
    case .error: "ERROR"
    case .fatal: "FATAL"
    }
  }

  public static func < (a: FileSeverity, b: FileSeverity) -> Bool { a.rawValue < b.rawValue }
}
