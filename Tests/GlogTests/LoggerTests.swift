import Glibc
import Testing

@testable import Glog

/// A pipe that a test's logger writes to.
private final class LogPipe {
  let reader: Int32
  let writer: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    (reader, writer) = (ends[0], ends[1])
    try #require(fcntl(reader, F_SETFL, O_NONBLOCK) == 0)
  }

  deinit {
    close(reader)
    close(writer)
  }

  func logger(_ format: LogFormat = .glog, verbosity: Int = 0, modules: String = "") throws -> Logger {
    let levels = try #require(ModuleLevels(modules))
    return Logger(
      LogSettings(format: format, sink: DescriptorSink(writer), verbosity: verbosity, modules: levels))
  }

  /// Everything that waits in the pipe.
  func text() -> String {
    var text: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65536)
    while case let count = read(reader, &piece, piece.count), count > 0 { text += piece[..<count] }
    return String(decoding: text, as: UTF8.self)
  }

  func lines() -> [Substring] { text().split(separator: "\n") }
}

/// The part of a line behind `file:line] `.
private func message(of line: some StringProtocol) -> Substring {
  line.split(separator: "] ", maxSplits: 1).last.map { Substring($0) } ?? ""
}

@Test func linesHaveTheFormatOfGlog() throws {
  let pipe = try LogPipe()
  let logger = try pipe.logger()
  logger.info("hello")
  logger.warning("careful", file: "Module/Other.swift", line: 7)
  logger.error("broken")
  let lines = pipe.lines()
  try #require(lines.count == 3)
  let start = #/([IWE])(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.\d{6} (\d+) ([A-Za-z]+\.swift):(\d+)\] (.*)/#
  let matches = lines.compactMap { $0.wholeMatch(of: start)?.output }
  try #require(matches.count == 3)
  #expect(matches.map { String($0.1) } == ["I", "W", "E"])
  #expect(matches.map { Int32($0.7) } == [getpid(), getpid(), getpid()])
  #expect(matches.map { String($0.8) } == ["LoggerTests.swift", "Other.swift", "LoggerTests.swift"])
  #expect(matches[1].9 == "7")
  #expect(matches.map { String($0.10) } == ["hello", "careful", "broken"])
}

@Test func timeIsLocalAndPadded() throws {
  var parts = tm()
  parts.tm_year = 126
  parts.tm_mon = 0
  parts.tm_mday = 2
  (parts.tm_hour, parts.tm_min, parts.tm_sec) = (3, 4, 5)
  parts.tm_isdst = -1
  let time = timespec(tv_sec: mktime(&parts), tv_nsec: 6_999)
  let line = LogLine.bytes("m", severity: .fatal, file: "M/F.swift", line: 1, format: .glog, time: time, pid: 9)
  #expect(String(decoding: line, as: UTF8.self) == "F0102 03:04:05.000006 9 F.swift:1] m\n")
}

@Test func journalLinesStartWithThePriorityOfSystemd() throws {
  let pipe = try LogPipe()
  let logger = try pipe.logger(.journal, verbosity: 1)
  logger.verbose(1, file: "M/F.swift", line: 1) { "v" }
  logger.info("i", file: "M/F.swift", line: 2)
  logger.warning("w", file: "M/F.swift", line: 3)
  logger.error("e", file: "M/F.swift", line: 4)
  #expect(pipe.text() == "<7>F.swift:1] v\n<6>F.swift:2] i\n<4>F.swift:3] w\n<3>F.swift:4] e\n")
}

@Test func aMessageStaysOneLineAndCannotSteerATerminal() throws {
  let pipe = try LogPipe()
  let logger = try pipe.logger()
  logger.info("a\nI0101 forged\r\t\u{1b}[2J\0\u{7f}\u{9b}\u{2028}\u{202e}\u{2066}\u{200f}é€😀\\n")
  let text = pipe.text()
  #expect(text.utf8.count(where: { $0 == 0x0A }) == 1)
  #expect(
    message(of: text)
      == #"a\nI0101 forged\r\t\x1b[2J\x00\x7f\u{009b}\u{2028}\u{202e}\u{2066}\u{200f}é€😀\n"# + "\n")
}

@Test func bytesThatAreNoUTF8AreShownAsEscapes() {
  #expect(VisibleText.decoding([0x61, 0xFF, 0xC3, 0xA9, 0xC3, 0x0A, 0xED, 0xA0, 0x80]) == #"a\xffé\xc3\n\xed\xa0\x80"#)
  #expect(VisibleText.decoding([]) == "")
  #expect(VisibleText.decoding(Array("plain é".utf8)) == "plain é")
}

@Test(arguments: ["x", "\u{1b}", "é", "😀"])
func aLongMessageIsCutWithAMark(unit: String) throws {
  let pipe = try LogPipe()
  let message = String(repeating: unit, count: 100_000)
  try pipe.logger().info(message)
  let text = pipe.text()
  #expect(text.utf8.count <= LogLine.maximumBytes)
  #expect(text.utf8.count > LogLine.maximumBytes - 100)
  #expect(text.hasSuffix(" ...[cut, \(message.utf8.count) bytes]\n"))
  #expect(!text.contains("\u{FFFD}"))
}

@Test func aVerboseMessageIsBuiltOnlyWhenItsLevelIsOn() throws {
  let pipe = try LogPipe()
  let logger = try pipe.logger(verbosity: 1)
  var built = 0
  func build() -> String {
    built += 1
    return "detail"
  }
  logger.verbose(2) { build() }
  #expect(built == 0)
  logger.verbose(1) { build() }
  #expect(built == 1)
  #expect(pipe.lines().map { message(of: $0) } == ["detail"])
}

@Test func vmoduleRaisesTheLevelOfMatchingFiles() throws {
  let logger = try LogPipe().logger(verbosity: 1, modules: "QMP*=3,Boo?=2,QMPClient=9,Net=0")
  #expect(logger.isVerbose(3, file: "VMM/QMPClient.swift"))
  #expect(!logger.isVerbose(4, file: "VMM/QMPClient.swift"))
  #expect(logger.isVerbose(2, file: "VMM/Boot.swift"))
  #expect(!logger.isVerbose(2, file: "VMM/Boots.swift"))
  #expect(!logger.isVerbose(2, file: "VMM/Other.swift"))
  #expect(logger.isVerbose(1, file: "VMM/Net.swift"))
}

@Test(arguments: ["x", "=1", "a=", "a=-1", "a=b", "a=1,", "a=1=2", "a=99999999999999999999"])
func aWrongVmoduleIsRefused(text: String) {
  #expect(ModuleLevels(text) == nil)
}

@Test func aFullPipeDropsLinesAndALaterLineTellsHowMany() throws {
  let pipe = try LogPipe()
  let logger = try pipe.logger()
  // The descriptor is in blocking mode: the logger itself must see that there is no room.
  let filler = String(repeating: "x", count: 3500)
  // Far more than the 64 KiB that a pipe holds (pipe(7)).
  let sent = 300
  for _ in 0..<sent { logger.info(filler) }
  let whole = pipe.lines()
  #expect(whole.allSatisfy { $0.hasSuffix(filler) })
  #expect(whole.count < sent)
  logger.info("after")
  #expect(pipe.lines().map { message(of: $0) } == ["\(sent - whole.count) lines dropped", "after"])
  logger.info("again")
  #expect(pipe.lines().map { message(of: $0) } == ["again"])
}

// In a process of its own: a child that another test starts could hold the reading end open for a moment.
@Test func aReaderThatHasGoneOrAClosedDescriptorHarmsNothing() async {
  await #expect(processExitsWith: .success) {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    let logger = Logger(LogSettings(sink: DescriptorSink(ends[1])))
    logger.info("nobody reads")
    close(ends[1])
    logger.info("nowhere")
    let good = try LogPipe()
    logger.configure(LogSettings(format: .journal, sink: DescriptorSink(good.writer)))
    logger.info("back")
    try #require(good.lines().map { message(of: $0) } == ["2 lines dropped", "back"])
  }
}

@Test func aMessageMayLogWhileItIsBuilt() throws {
  let pipe = try LogPipe()
  let logger = try pipe.logger()
  func build() -> String {
    logger.info("inner")
    return "outer"
  }
  logger.info(build())
  #expect(pipe.lines().map { message(of: $0) } == ["inner", "outer"])
}

@Test func fatalWritesItsLineAndExitsWithTheStatus() async throws {
  let result = try await #require(processExitsWith: .exitCode(3), observing: [\.standardErrorContent]) {
    log.configure(LogSettings(format: .journal))
    log.fatal("cannot go on", status: 3)
  }
  let text = String(decoding: result.standardErrorContent, as: UTF8.self)
  #expect(text.wholeMatch(of: #/<2>LoggerTests\.swift:\d+\] cannot go on\n/#) != nil)
}

/// A file size limit tears a line as a full disk does.
@Test func aLineBehindATornOneStartsOnItsOwn() async throws {
  await #expect(processExitsWith: .success) {
    let path = "/tmp/glog-torn-\(getpid())"
    let file = open(path, O_RDWR | O_CREAT | O_APPEND, 0o600)
    unlink(path)
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    limit.rlim_cur = 10
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    let logger = Logger(LogSettings(format: .journal, sink: DescriptorSink(file)))
    logger.info("first", file: "M/F.swift", line: 1)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    logger.info("second", file: "M/F.swift", line: 2)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = pread(file, &bytes, bytes.count, 0)
    let lines = String(decoding: bytes[..<max(0, count)], as: UTF8.self).split(separator: "\n")
    precondition(lines.count == 3 && lines[0] == "<6>F.swift", "\(lines)")
    precondition(lines[1].hasSuffix("1 lines dropped") && lines[2] == "<6>F.swift:2] second", "\(lines)")
  }
}
