import GoFlags
import Testing

private enum Network: String, CaseIterable { case none, cn, nn }

/// Flags of every kind, as a program would define them.
private struct Options {
  var flags = FlagSet(program: "launcher", summary: "agent of a compute or network node")
  let server: Flag<String>
  let networks: Flag<[String]>
  let mode: Flag<Network>
  let simulate: Flag<Bool>
  let limit: Flag<Bool>
  let verbosity: Flag<Int>
  let offset: Flag<Int>
  let interval: Flag<Duration>

  init() {
    server = flags.string(
      "server", "HOST", default: "localhost", group: "Scheduler", help: "scheduler to join, a name or an address")
    interval = flags.duration(
      "stats-interval", default: .seconds(90), in: .milliseconds(500)...(.seconds(3600)), group: "Scheduler",
      help: "time between two reports of what the node and its instances use")
    mode = flags.choice("network", "MODE", default: .none, group: "Network", help: "kind of networking")
    networks = flags.strings(
      "compute-networks-of-the-node", "SUBNETS", default: ["10.0.0.0/8", "fd00::/8"], group: "Network",
      help: "subnets that carry tenants")
    simulate = flags.bool("simulation", group: "Instances", help: "start no instance")
    limit = flags.bool("mem-limit", default: true, group: "Instances", help: "refuse what does not fit")
    verbosity = flags.int("v", default: 0, in: -1...10, group: "Logging", help: "level of detail")
    offset = flags.int("offset", default: 7, group: "Logging", help: "any number")
  }

  func parse(_ arguments: String...) throws(FlagError) -> ParsedFlags { try flags.parse(arguments) }
}

private let options = Options()

@Test func unsetFlagsHaveTheirDefaults() throws {
  let parsed = try options.parse()
  #expect(parsed[options.server] == "localhost")
  #expect(parsed[options.networks] == ["10.0.0.0/8", "fd00::/8"])
  #expect(parsed[options.mode] == .none)
  #expect(!parsed[options.simulate])
  #expect(parsed[options.limit])
  #expect(parsed[options.verbosity] == 0)
  #expect(parsed[options.interval] == .seconds(90))
  #expect(!parsed.isSet(options.server))
  #expect(try options.parse("-server=localhost").isSet(options.server))
}

@Test(arguments: [["-server", "X"], ["-server=X"], ["--server", "X"], ["--server=X"], ["-server=Y", "-server=X"]])
func oneOrTwoDashesAndSpaceOrEqualsSignAreTheSame(arguments: [String]) throws {
  #expect(try options.flags.parse(arguments)[options.server] == "X")
}

@Test func aValueFlagTakesTheNextArgumentWhateverItLooksLike() throws {
  #expect(try options.parse("-v", "-1")[options.verbosity] == -1)
  #expect(try options.parse("-server", "-X")[options.server] == "-X")
  #expect(try options.parse("-server", "--")[options.server] == "--")
  #expect(try options.parse("-server=a=b")[options.server] == "a=b")
  #expect(try options.parse("-server=")[options.server] == "")
}

@Test func aBareBooleanIsTrueAndTakesAValueOnlyBehindAnEqualsSign() throws {
  #expect(try options.parse("-simulation")[options.simulate])
  for text in ["1", "t", "true", "TRUE"] { #expect(try options.parse("-simulation=" + text)[options.simulate]) }
  for text in ["0", "f", "false", "False"] { #expect(try !options.parse("--mem-limit=" + text)[options.limit]) }
  let parsed = try options.parse("-simulation", "false")
  #expect(parsed[options.simulate])
  #expect(parsed.arguments == ["false"])
}

@Test func parsingStopsAtTheFirstPositionalOrBehindTwoDashes() throws {
  let positional = try options.parse("-v", "1", "start", "-v", "2")
  #expect(positional[options.verbosity] == 1)
  #expect(positional.arguments == ["start", "-v", "2"])
  #expect(try options.parse("-v=1", "--", "-v=2").arguments == ["-v=2"])
  #expect(try options.parse("-", "-v=2").arguments == ["-", "-v=2"])
  #expect(try options.parse("", "-v=2").arguments == ["", "-v=2"])
}

@Test func listsSplitAtCommasAndChoicesNameACase() throws {
  #expect(try options.parse("-compute-networks-of-the-node=a,b")[options.networks] == ["a", "b"])
  #expect(try options.parse("-compute-networks-of-the-node=")[options.networks] == [])
  #expect(try options.parse("-network", "nn")[options.mode] == .nn)
}

@Test func durationsAreSecondsOrGoNotation() throws {
  let accepted: [(String, Duration)] = [
    ("5", .seconds(5)), ("5s", .seconds(5)), ("1m30s", .seconds(90)), ("500ms", .milliseconds(500)),
    ("1s1ms", .milliseconds(1001)), ("1h", .seconds(3600)),
  ]
  for (text, duration) in accepted { #expect(try options.parse("-stats-interval", text)[options.interval] == duration) }
  for text in ["", "s", "1x", "1s1", "1s1m", "1s1s", "-1", "1.5s", "1 s", "2h", "499ms", "99999999999999999999"] {
    #expect(throws: FlagError.self) { try options.parse("-stats-interval=" + text) }
  }
}

@Test func anErrorNamesTheFlagTheValueAndWhatIsAllowed() {
  func message(_ arguments: String...) -> String {
    do throws(FlagError) {
      _ = try options.flags.parse(arguments)
      return "accepted"
    } catch { return error.description }
  }
  #expect(message("-v", "11") == #"flag -v: "11" is not an integer from -1 to 10; see -help"#)
  #expect(message("-offset=9223372036854775808").hasSuffix("is not an integer; see -help"))
  #expect(message("-v=\n") == #"flag -v: "\n" is not an integer from -1 to 10; see -help"#)
  #expect(message("-network=x") == #"flag -network: "x" is not one of none, cn, nn; see -help"#)
  #expect(message("-simulation=yes") == #"flag -simulation: "yes" is not true or false; see -help"#)
  #expect(
    message("-stats-interval=0")
      == #"flag -stats-interval: "0" is not a time such as 90s or 1m30s, from 500ms to 1h; see -help"#)
  #expect(message("-compute-networks-of-the-node=a,,b").contains("without empty items"))
  #expect(message("-server") == "flag -server needs a value: a text; see -help")
  #expect(message("-=x") == #""-=x" is not a flag: expected -name or -name=value; see -help"#)
  #expect(message("---server").contains("is not a flag"))
  #expect(message("-network=" + String(repeating: "x", count: 100_000)).count < 400)
}

@Test func anUnknownFlagSuggestsTheNearestName() {
  #expect(throws: FlagError.unknown(name: "sever", suggestion: "server")) { try options.parse("-sever", "X") }
  #expect(throws: FlagError.unknown(name: "simulatoin", suggestion: "simulation")) { try options.parse("-simulatoin") }
  #expect(throws: FlagError.unknown(name: "x", suggestion: nil)) { try options.parse("-x") }
  #expect(throws: FlagError.unknown(name: "docker", suggestion: nil)) { try options.parse("-docker") }
  #expect(
    FlagError.unknown(name: "sever", suggestion: "server").description
      == #"unknown flag "-sever", did you mean -server? see -help"#)
  #expect(FlagError.unknown(name: "x", suggestion: nil).description == #"unknown flag "-x"; see -help"#)
}

@Test(arguments: ["-h", "-help", "--help", "-help=true"])
func helpIsRecognised(argument: String) {
  #expect(throws: FlagError.helpRequested) { try options.parse("-v=1", argument, "-unknown") }
}

@Test func helpBehindThePositionalsIsAPositional() throws {
  #expect(try options.parse("start", "-help").arguments == ["start", "-help"])
}

@Test func theHelpTextGroupsFlagsBySubjectWithinEightyColumns() {
  let expected = """
    launcher: agent of a compute or network node
    usage: launcher [flags]
    Scheduler:
      -server HOST                scheduler to join, a name or an address (default
                                  localhost)
      -stats-interval TIME        time between two reports of what the node and its
                                  instances use (default 1m30s)
    Network:
      -network MODE               kind of networking (none, cn, nn; default none)
      -compute-networks-of-the-node SUBNETS
                                  subnets that carry tenants (default
                                  10.0.0.0/8,fd00::/8)
    Instances:
      -simulation                 start no instance
      -mem-limit                  refuse what does not fit (default true)
    Logging:
      -v N                        level of detail (default 0)
      -offset N                   any number (default 7)

    """
  #expect(options.flags.helpText == expected)
}

@Test func aProgramDefinesTypesOfItsOwn() throws {
  struct Endpoint: Sendable, Equatable { let host: String, port: UInt16 }
  var flags = FlagSet(program: "p", summary: "s")
  let endpoint = flags.value(
    "endpoint", "HOST:PORT", default: Endpoint(host: "localhost", port: 8888), defaultText: "localhost:8888",
    allowed: "host:port", group: "G", help: "h"
  ) { text in
    let parts = text.split(separator: ":")
    guard parts.count == 2, let port = UInt16(parts[1]) else { return nil }
    return Endpoint(host: String(parts[0]), port: port)
  }
  #expect(try flags.parse(["-endpoint", "a:1"])[endpoint] == Endpoint(host: "a", port: 1))
  #expect(throws: FlagError.invalidValue(name: "endpoint", value: "a:x", allowed: "host:port")) {
    try flags.parse(["-endpoint", "a:x"])
  }
}
