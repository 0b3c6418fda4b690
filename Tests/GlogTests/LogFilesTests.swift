import Foundation
import Testing

@testable import Glog

/// A folder for one test's files.
private final class LogFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/glog-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try #require(mkdir(path + "/prog", 0o700) == 0)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func options() -> LogOptions { LogOptions(folder: path) }

  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path + "/prog").sorted()) ?? [] }

  /// The messages of the file that a link leads to; nil without the link.
  func messages(_ severity: String) -> [String]? {
    guard let text = try? String(contentsOfFile: "\(path)/prog/prog.\(severity)", encoding: .utf8) else { return nil }
    return text.split(separator: "\n").dropFirst(3).map { String($0.split(separator: "] ", maxSplits: 1).last ?? "") }
  }

  /// Bytes of all files, not counting what links point at.
  var size: Int {
    names.reduce(0) { sum, name in
      let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/prog/\(name)")
      return sum + (attributes?[.type] as? FileAttributeType == .typeRegular ? attributes?[.size] as? Int ?? 0 : 0)
    }
  }
}

@Test func aLineGoesIntoEveryFileOfItsSeverityAndBelow() throws {
  let folder = try LogFolder()
  let logger = Logger(folder.options().settings(program: "prog", user: getuid()))
  logger.info("one")
  #expect(folder.messages("WARNING") == nil)
  logger.warning("two")
  logger.info("three")
  #expect(folder.messages("INFO") == ["one", "two", "three"])
  #expect(folder.messages("WARNING") == ["two"])
  #expect(folder.messages("ERROR") == nil)
}

@Test func filesAreNamedAsGlogNamesThemAndLinksLeadToThem() throws {
  let folder = try LogFolder()
  let logger = Logger(folder.options().settings(program: "prog", user: 0))
  logger.warning("x")
  let file = #/prog\.[^.]+\.root\.log\.(INFO|WARNING)\.\d{8}-\d{6}\.(\d+)/#
  let names = folder.names
  #expect(names.count == 4)
  #expect(names.filter { $0.wholeMatch(of: file).map { $0.2 == "\(getpid())" } ?? false }.count == 2)
  let target = try FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/prog/prog.INFO")
  #expect(names.contains(target) && target.contains(".INFO."))
  let text = try String(contentsOfFile: "\(folder.path)/prog/prog.INFO", encoding: .utf8).split(separator: "\n")
  #expect(text[0].hasPrefix("Log file created at: "))
  #expect(text[1].hasPrefix("Running on machine: "))
  #expect(text[3].wholeMatch(of: #/W\d{4} \d\d:\d\d:\d\d\.\d{6} \d+ LogFilesTests\.swift:\d+\] x/#) != nil)
}

@Test func fatalLinesAreInAllFourFiles() async throws {
  let folder = try LogFolder()
  let path = folder.path
  await #expect(processExitsWith: .exitCode(1)) { [path = path as String] in
    let logger = Logger(LogOptions(folder: path).settings(program: "prog", user: 0))
    logger.fatal("the end")
  }
  for severity in ["INFO", "WARNING", "ERROR", "FATAL"] { #expect(folder.messages(severity) == ["the end"]) }
}

@Test func filesRotateBySizeAndTheOldestGo() throws {
  let folder = try LogFolder()
  var options = folder.options()
  options.maximumTotal = 80_000
  options.maximumFile = 5_000
  let logger = Logger(options.settings(program: "prog", user: getuid()))
  for number in 0..<2000 { logger.info("line \(number) " + String(repeating: "x", count: 100)) }
  #expect(folder.size <= options.maximumTotal)
  #expect(folder.size > options.maximumTotal / 2)
  let messages = try #require(folder.messages("INFO"))
  #expect(messages.last?.hasPrefix("line 1999 ") == true)
  #expect(messages.count < 60)
  #expect(!folder.names.contains { $0.hasPrefix(".") })
}

@Test func aFileIsAtMostAnEighthOfTheTotal() {
  #expect(LogFiles.Limits(file: 1000, total: 800).file == 100)
  #expect(LogFiles.Limits(file: 50, total: 800).file == 50)
}

/// Runs `body` with the options and gives what reached standard error.
private func standardError(_ result: ExitTest.Result?) -> [String] {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).split(separator: "\n")
    .map { String($0.split(separator: "] ", maxSplits: 1).last ?? "") }
}

@Test func standardErrorGetsLinesFromItsThresholdOn() async throws {
  let folder = try LogFolder()
  let path = folder.path
  let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
    [path = path as String] in
    var options = LogOptions(folder: path)
    let logger = Logger(options.settings(program: "prog", user: 0))
    logger.warning("only in files")
    logger.error("in both")
    options.threshold = .warning
    logger.configure(options.settings(program: "prog", user: 0))
    logger.warning("also in both")
    options.alsoToStandardError = true
    logger.configure(options.settings(program: "prog", user: 0))
    logger.info("everything in both")
    options.toStandardError = true
    logger.configure(options.settings(program: "prog", user: 0))
    logger.info("only here")
  }
  #expect(standardError(result) == ["in both", "also in both", "everything in both", "only here"])
  let files = folder.names.filter { $0.contains(".log.") }.map {
    (try? String(contentsOfFile: "\(path)/prog/\($0)", encoding: .utf8)) ?? ""
  }.joined()
  for message in ["only in files", "in both", "also in both", "everything in both"] {
    #expect(files.contains("] " + message + "\n"))
  }
  #expect(!files.contains("only here"))
}

@Test func aMissingFolderMeansStandardErrorAndAWord() async throws {
  let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
    Logger(LogOptions(folder: "/nonexistent").settings(program: "prog", user: 0)).info("still here")
  }
  #expect(
    standardError(result) == [
      "open /nonexistent/prog: No such file or directory: logging to standard error", "still here",
    ])
}

/// The files' place is taken away while the process runs; nothing blocks, and lines are seen on standard error.
@Test func aDiskThatTakesNothingCostsOnlyTheFiles() async throws {
  let folder = try LogFolder()
  let path = folder.path
  let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
    [path = path as String] in
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    let logger = Logger(LogOptions(folder: path).settings(program: "prog", user: 0))
    for number in 0..<100 { logger.info("line \(number)") }
  }
  #expect(standardError(result).count == 100)
}

@Test func aReadOnlyFolderCostsOnlyTheFiles() async throws {
  let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
    // A folder that takes no file, whoever asks.
    Logger(LogOptions(folder: "/proc/self").settings(program: "fdinfo", user: 0)).info("line")
  }
  #expect(standardError(result) == ["line"])
}

@Test func underSystemdLinesGoToTheJournalAlone() async throws {
  let folder = try LogFolder()
  let path = folder.path
  let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
    [path = path as String] in
    var status = stat()
    fstat(STDERR_FILENO, &status)
    setenv("JOURNAL_STREAM", "\(status.st_dev):\(status.st_ino)", 1)
    Logger(LogOptions(folder: path).settings(program: "prog", user: 0)).warning("x", file: "M/F.swift", line: 1)
    setenv("JOURNAL_STREAM", "1:1", 1)
    precondition(LogFormat.ofStandardError() == .glog)
  }
  #expect(String(decoding: result?.standardErrorContent ?? [], as: UTF8.self) == "<4>F.swift:1] x\n")
  #expect(folder.names.isEmpty)
}

@Test(arguments: [("INFO", 0), ("warning", 1), ("2", 2), ("FATAL", 3), ("4", nil), ("", nil), ("verbose", nil)])
func severitiesAreReadByNameOrNumber(text: String, number: Int?) {
  #expect(FileSeverity(text)?.rawValue == number)
}

@Test func aStackTraceFollowsTheChosenLine() throws {
  var ends: [Int32] = [0, 0]
  try #require(pipe(&ends) == 0)
  defer { close(ends[0]) }
  let chosen = try #require(CodeLine("F.swift:7"))
  let logger = Logger(LogSettings(format: .journal, sink: DescriptorSink(ends[1]), backtrace: chosen))
  logger.info("before", file: "M/F.swift", line: 6)
  logger.info("here", file: "M/F.swift", line: 7)
  logger.info("after", file: "M/G.swift", line: 7)
  close(ends[1])
  let text = String(decoding: FileHandle(fileDescriptor: ends[0]).readDataToEndOfFile(), as: UTF8.self)
  let lines = text.split(separator: "\n")
  #expect(lines.count > 4)
  #expect(lines[0] == "<6>F.swift:6] before")
  #expect(lines[1] == "<6>F.swift:7] here")
  #expect(lines[2...].dropLast().allSatisfy { $0.hasPrefix("<6>F.swift:7]   at ") })
  #expect(lines.last == "<6>G.swift:7] after")
}

@Test(arguments: ["", "F.swift", "F.swift:", "F.swift:0", "F.swift:-1", ":7", "F.swift:7:8", "F.swift:x"])
func aWrongPlaceForAStackTraceIsRefused(text: String) {
  #expect(CodeLine(text) == nil)
}
