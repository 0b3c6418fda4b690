import Testing

@testable import JSON

let limits = JSONLimits(bytes: 1 << 20)

func parse(_ text: String, _ limits: JSONLimits = limits) throws(JSONError) -> JSONValue {
  try JSONValue(parsing: Array(text.utf8), limits: limits)
}

func reason(_ bytes: [UInt8], _ limits: JSONLimits = limits) -> JSONError? {
  do throws(JSONError) {
    _ = try JSONValue(parsing: bytes, limits: limits)
    return nil
  } catch { return error }
}

func reason(_ text: String, _ limits: JSONLimits = limits) -> JSONError? { reason(Array(text.utf8), limits) }

@Test func valuesOfEveryKindAreRead() throws {
  let accepted: [(String, JSONValue)] = [
    ("null", nil), ("true", true), ("false", false), (" \t\r\n1 \n", 1), ("[]", []), ("{}", [:]), ("[ ]", []),
    ("{ }", [:]), ("\"\"", ""), ("[1,2]", [1, 2]), ("[ 1 , [ ] ]", [1, []]),
    (#"{"a":{"b":[null]}}"#, ["a": ["b": [nil]]]),
    (#"{"":0,"a":1}"#, ["": 0, "a": 1]), (#"{ "a" : 1 , "b" : 2 }"#, ["a": 1, "b": 2]),
  ]
  for (text, value) in accepted { #expect(try parse(text) == value, "\(text)") }
}

@Test func numbersFollowTheGrammar() throws {
  let accepted: [(String, JSONValue)] = [
    ("0", 0), ("-0", 0), ("-1", -1), ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
    ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("123e65", .double(1.23e67)), ("0e1", .double(0)),
    ("0e+1", .double(0)), ("-0.0", .double(-0.0)), ("1E22", .double(1e22)), ("1E-2", .double(0.01)), ("1.5", 1.5),
    ("5e-324", .double(.leastNonzeroMagnitude)), ("1e-400", .double(0)),
  ]
  for (text, value) in accepted { #expect(try parse(text) == value, "\(text)") }
  #expect(try parse("-0.0").double?.sign == .minus)
  for text in ["1e309", "-1e309", "1e400000000000"] { #expect(reason(text)?.reason == .numberOutOfRange) }
  let long = "0." + String(repeating: "0", count: 1021)
  #expect(try parse(long + "1") == .double(0))
  #expect(reason(long + "11")?.reason == .numberTooLong(limit: 1024))
  let refused = [
    "-", "+1", "01", "-01", "00", ".5", "1.", "1.e1", "-.1", "1e", "1e+", "1e1.5", "0x10", "1_000", "NaN", "Infinity",
    "-Infinity", "1eE2", "--1", "- 1", "1 2", "１",
  ]
  for text in refused { #expect(reason(text) != nil, "\(text)") }
}

@Test func stringsDecodeEveryEscape() throws {
  let accepted: [(String, String)] = [
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\uD83D\ude00""#, "😀"),
    (#""\u0000""#, "\0"), (#""a\uFFFFb""#, "a\u{FFFF}b"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
    ("\"é€😀\u{7f}\"", "é€😀\u{7f}"),
    (#""\\u0041""#, "\\u0041"),
  ]
  for (text, value) in accepted { #expect(try parse(text) == .string(value), "\(text)") }
}

@Test func wrongStringsAreRefused() {
  for text in [
    #""\uD800""#, #""\uDC00""#, #""\uD800\uD800""#, #""\uD800\u0041""#, #""\uD800x""#, #""\uDC00\uD800""#,
    #""\uD800\n""#,
    #""\uD83D\uDE0""#, #""\uD800\"#,
  ] {
    #expect(reason(text) != nil, "\(text)")
  }
  #expect(reason(#""ab\uD800""#) == JSONError(offset: 3, reason: .loneSurrogate))
  for text in [#""\x41""#, #""\'""#, #""\u12""#, #""\u12G4""#, #""\u+123""#, #""\U0041""#, #""\u00é""#, #""\0""#] {
    #expect(reason(text)?.reason == .invalidEscape, "\(text)")
  }
  for byte in UInt8(0)..<0x20 {
    #expect(reason([0x22, byte, 0x22]) == JSONError(offset: 1, reason: .controlCharacter))
  }
  for text in ["\"", "\"a", "\"\\", "\"\\u", "\"\\u00", "\"\\\""] { #expect(reason(text)?.reason == .unexpectedEnd) }
}

@Test func invalidUTF8IsRefused() {
  let sequences: [[UInt8]] = [
    [0x80], [0xFF], [0xC3], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
    [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xF0, 0x9F, 0x98],
  ]
  for bytes in sequences {
    #expect(reason([0x5B, 0x22] + bytes + [0x22, 0x5D]) == JSONError(offset: 1, reason: .invalidUTF8))
  }
  #expect(reason([0xEF, 0xBB, 0xBF] + "{}".utf8)?.reason == .expected("a value"))
  #expect(reason([0x22, 0x00, 0x61, 0x22]) != nil)
}

@Test func textsOutsideTheGrammarAreRefused() {
  let refused = [
    "", " ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1:2]", "[\"a\":1]", "{1:2}",
    "{a:1}", "{'a':1}", "{\"a\"}", "{\"a\":}", "{\"a\",1}", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1 \"b\":2}",
    "{\"a\"::1}",
    "{\"a\":1}}", "[]]", "[[]", "{]", "[}", "[\"a", "'a'", "tru", "True", "TRUE", "nul", "nullx", "truefalse",
    "undefined",
    "[] x", "1,", "//c\n1", "/**/1", "[1]#", "*", "\u{FEFF}1", "\u{a0}1", "\u{2028}1", "\u{c}1", "[\u{b}1]", "\0",
    "1\0",
  ]
  for text in refused { #expect(reason(text) != nil, "\(text.debugDescription)") }
}

@Test func anErrorTellsPlaceAndReason() {
  #expect(reason("[1, x]")?.description == "invalid JSON at byte 4: expected a value")
  #expect(reason("[1 2]")?.description == "invalid JSON at byte 3: expected ',' or ']'")
  #expect(reason("{\"a\" 1}")?.description == "invalid JSON at byte 5: expected ':'")
  #expect(reason("[1")?.description == "invalid JSON at byte 2: the text ends too early")
  #expect(reason("{} {}")?.description == "invalid JSON at byte 3: data behind the value")
}

@Test func aKeyOccursOnceByItsBytes() throws {
  #expect(reason(#"{"a":1,"b":2,"\u0061":3}"#) == JSONError(offset: 13, reason: .duplicateKey))
  #expect(reason(#"{"":1,"":2}"#)?.reason == .duplicateKey)
  // Swift takes the Kelvin sign for a K; JSON does not.
  let value = try parse(#"{"\u212a":1,"K":2}"#)
  #expect(value["K"] == 2)
  #expect(value["\u{212a}"] == 1)
}

@Test func limitsAreExact() throws {
  #expect(try parse("[1,2]", JSONLimits(bytes: 5)) == [1, 2])
  #expect(reason("[1,2]", JSONLimits(bytes: 4)) == JSONError(offset: 4, reason: .tooManyBytes(limit: 4)))
  #expect(throws: Never.self) { try parse("[[[1]]]", JSONLimits(bytes: 99, depth: 3)) }
  #expect(reason("[[[1]]]", JSONLimits(bytes: 99, depth: 2)) == JSONError(offset: 2, reason: .tooDeep(limit: 2)))
  #expect(throws: Never.self) { try parse("[[],[],{\"a\":[]}]", JSONLimits(bytes: 99, depth: 3)) }
  #expect(throws: Never.self) { try parse("[1,2]", JSONLimits(bytes: 99, nodes: 3)) }
  #expect(reason("[1,2]", JSONLimits(bytes: 99, nodes: 2)) == JSONError(offset: 3, reason: .tooManyValues(limit: 2)))
}

@Test func deepNestingEndsAtTheLimitAndNotOnTheStack() throws {
  for open in ["[", "{\"a\":"] {
    let deep = String(repeating: open, count: 100_000)
    #expect(reason(deep)?.reason == .tooDeep(limit: 32))
    let greatest = JSONLimits(bytes: 1 << 20, depth: JSONLimits.greatestDepth)
    #expect(reason(deep, greatest)?.reason == .tooDeep(limit: JSONLimits.greatestDepth))
  }
  let depth = JSONLimits.greatestDepth
  let deepest = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
  let value = try parse(deepest, JSONLimits(bytes: 1 << 20, depth: depth))
  #expect(value.description == deepest)
}

@Test func bigTextsAreReadInLinearTime() throws {
  let string = String(repeating: "aé\\n", count: 200_000)
  #expect(try parse("\"\(string)\"").string?.utf8.count == 800_000)
  let keys = (0..<40_000).map { "\"k\($0)\":0" }.joined(separator: ",")
  #expect(try parse("{\(keys)}").object?.members.count == 40_000)
}

@Test func collectionsOfBytesOfAnyKindAreRead() throws {
  let bytes = Array("xx[1]yy".utf8)
  #expect(try JSONValue(parsing: bytes[2..<5], limits: limits) == [1])
  let value = try bytes[2..<5].withUnsafeBytes { try JSONValue(parsing: $0, limits: limits) }
  #expect(value == [1])
}

/// SplitMix64: the same mutations in every run.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

@Test func mutatedTextsAreRefusedOrSurviveARoundTrip() throws {
  let seed = #"{"return":{"a":[1,-2.5e3,true,false,null,"x\u00e9\uD83D\uDE00\n"],"b":{}},"é":[[[]]],"id":"9"}"#
  let interesting = Array(#"{}[]",:\u0123456789eE+-.tfn "#.utf8) + [0x00, 0x0A, 0x80, 0xC3, 0xED, 0xF0, 0xFF]
  var random = SeededGenerator(state: 8259)
  var accepted = 0
  for _ in 0..<20_000 {
    var bytes = Array(seed.utf8)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      let byte = interesting.randomElement(using: &random) ?? 0
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[place] = byte
      case 1: bytes.insert(byte, at: place)
      case 2: bytes.remove(at: place)
      default: bytes.removeSubrange(place..<min(bytes.count - 1, place + 5).advanced(by: 1))
      }
      if bytes.isEmpty { bytes = [byte] }
    }
    guard let value = try? JSONValue(parsing: bytes, limits: limits) else { continue }
    accepted += 1
    #expect(try JSONValue(parsing: value.serialized(), limits: limits) == value)
    #expect(try JSONValue(parsing: value.prettySerialized(), limits: limits) == value)
  }
  #expect(accepted > 100)
}

@Test func everyPrefixOfATextIsRefused() throws {
  let text = Array(#"{"a":[1,"x\u00e9\uD83D\uDE00",true,null,-1.5e3],"b":{"c":[]}}"#.utf8)
  for count in 0..<text.count { #expect(reason(Array(text[..<count])) != nil) }
  #expect(reason(text) == nil)
}
