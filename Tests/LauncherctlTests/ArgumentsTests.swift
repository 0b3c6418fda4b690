import GoFlags
import Testing

@testable import launcherctl

@Suite struct ArgumentsTests {
  private struct Line {
    let dir: String
    let json: Bool
    let operands: [String]

    init(_ arguments: [String], operands count: Int) throws {
      var flags = FlagSet(program: "test", summary: "test")
      let dir = flags.folder()
      let json = flags.json("")
      let parsed = try Arguments(arguments, flags: flags, operands: count)
      self.dir = parsed.flags[dir]
      self.json = parsed.flags[json]
      operands = parsed.operands
    }
  }

  @Test(arguments: [
    ["-dir", "d", "--json", "one", "two"], ["one", "-dir=d", "two", "-json"], ["one", "two", "-json", "--dir", "d"],
    ["one", "-json=true", "-dir", "d", "--", "two"],
  ])
  func flagsStandBeforeBetweenAndBehindOperands(arguments: [String]) throws {
    let line = try Line(arguments, operands: 2)
    #expect(line.dir == "d" && line.json && line.operands == ["one", "two"])
  }

  @Test func aLoneDashIsAnOperand() throws {
    #expect(try Line(["-", "-json"], operands: 1).operands == ["-"])
  }

  @Test func behindTwoDashesEverythingIsAnOperand() throws {
    let line = try Line(["--", "-json", "--"], operands: 2)
    #expect(line.operands == ["-json", "--"] && !line.json)
  }

  @Test func twoDashesMayBeAFlagsValue() throws {
    let line = try Line(["-dir", "--", "one"], operands: 1)
    #expect(line.dir == "--" && line.operands == ["one"])
  }

  @Test func aWrongNumberOfOperandsIsAUsageError() {
    #expect(throws: UsageError.self) { try Line(["one"], operands: 0) }
    #expect(throws: UsageError.self) { try Line([], operands: 1) }
  }

  @Test func anUnknownFlagBehindAnOperandIsRefused() {
    #expect(throws: FlagError.unknown(name: "jsn", suggestion: "json")) { try Line(["one", "-jsn"], operands: 1) }
  }

  @Test func helpIsGivenAnywhere() {
    #expect(throws: HelpRequest.self) { try Line(["one", "two", "-help"], operands: 0) }
  }

  @Test(arguments: Subcommand.all.map(\.name))
  func everyCommandHasHelp(name: String) throws {
    let command = try #require(Subcommand.named(name))
    let help = #expect(throws: HelpRequest.self) { try command.run(["-help"]) }
    #expect(help?.text.contains("launcherctl \(name)") == true)
    #expect(Subcommand.overview.contains("  \(command.heading)"))
  }

  @Test(arguments: [
    ("127.0.0.1:8888", "127.0.0.1:8888"), ("localhost:0", "127.0.0.1:0"), ("127.9.8.7:1", "127.9.8.7:1"),
    ("[::1]:65535", "[::1]:65535"),
  ])
  func aLoopbackAddressIsTaken(text: String, description: String) {
    #expect(LoopbackAddress(text)?.description == description)
  }

  @Test(arguments: [
    "0.0.0.0:8888", "[::]:8888", "10.0.0.1:1", "128.0.0.1:1", "127.0.0.1", "127.0.0.1:65536", ":1", "", "::1:5",
  ])
  func anyOtherAddressIsRefused(text: String) {
    #expect(LoopbackAddress(text) == nil)
  }
}
