import JSON
import Testing

@Test func commandsAreBuiltFromLiterals() {
  let node = "disk0"
  let command: JSONValue = [
    "execute": "blockdev-add",
    "arguments": [
      "node-name": "\(node)", "read-only": true, "size": 10, "ratio": 0.5, "cache": nil, "list": [1, "two", []],
    ],
  ]
  #expect(
    command.description
      == #"{"execute":"blockdev-add","arguments":{"node-name":"disk0","read-only":true,"size":10,"ratio":0.5,"#
      + #""cache":null,"list":[1,"two",[]]}}"#)
}

@Test func accessorsGiveAValueOfTheirKindOnly() throws {
  let value = try parse(#"{"s":"x","i":7,"d":1.5,"b":false,"a":[1],"n":null,"o":{"k":1}}"#)
  #expect(value["s"]?.string == "x")
  #expect(value["i"]?.int == 7)
  #expect(value["i"]?.double == 7)
  #expect(value["d"]?.double == 1.5)
  #expect(value["d"]?.int == nil)
  #expect(value["b"]?.bool == false)
  #expect(value["a"]?.array == [1])
  #expect(value["n"]?.isNull == true)
  #expect(value["o"]?["k"]?.int == 1)
  #expect(value["s"]?.int == nil)
  #expect(value["missing"] == nil)
  #expect(value["s"]?["k"] == nil)
  #expect(value.object?.members.map(\.key) == ["s", "i", "d", "b", "a", "n", "o"])
}

@Test func objectsAreChangedInPlace() {
  var object = JSONObject()
  object["a"] = 1
  object["b"] = 2
  object["a"] = 3
  #expect(JSONValue.object(object).description == #"{"a":3,"b":2}"#)
  object["a"] = .some(nil)
  #expect(object["a"] == .null)
  object["a"] = .none
  object["c"] = .none
  #expect(JSONValue.object(object).description == #"{"b":2}"#)
}

@Test func onlyWhatMustBeEscapedIsEscaped() throws {
  let text = "\"\\/\n\r\t\u{8}\u{1f}\0\u{7f}é😀\u{2028}"
  let written = JSONValue.string(text).description
  #expect(written == "\"\\\"\\\\/\\n\\r\\t\\u0008\\u001f\\u0000\u{7f}é😀\u{2028}\"")
  #expect(try parse(written) == .string(text))
}

@Test func numbersSurviveARoundTrip() throws {
  for integer in [0, -1, Int64.max, Int64.min] {
    #expect(try parse(JSONValue.int(integer).description) == .int(integer))
  }
  let doubles = [
    0, -0.0, 0.1, 1.0 / 3, 100, 1e15, 1e16, 1e20, -1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
    .leastNormalMagnitude, .pi,
    9_007_199_254_740_992, 1e-7,
  ]
  for double in doubles {
    let read = try parse(JSONValue.double(double).description)
    #expect(read.double?.bitPattern == double.bitPattern, "\(double)")
    #expect(read.int == nil)
  }
}

@Test func numbersThatAreNotFiniteAreWrittenAsNull() {
  #expect(JSONValue.array([.double(.nan), .double(.infinity)]).description == "[null,null]")
}

@Test func theTextForPeopleIsIndented() throws {
  let value: JSONValue = ["version": 1, "disks": [["size": 2], "x"], "none": [], "empty": [:]]
  let expected = """
    {
      "version": 1,
      "disks": [
        {
          "size": 2
        },
        "x"
      ],
      "none": [],
      "empty": {}
    }

    """
  #expect(String(decoding: value.prettySerialized(), as: UTF8.self) == expected)
  #expect(try parse(expected) == value)
}
