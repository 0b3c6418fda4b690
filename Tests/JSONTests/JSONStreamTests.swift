import Testing

@testable import JSON

private func stream(_ bytes: Int = 64) -> JSONStream { JSONStream(limits: JSONLimits(bytes: bytes)) }

@Test func linesAreReadWhateverThePiecesAre() throws {
  let text = Array("{\"a\":1}\r\n\r\n[2]\n\n\"é\"\r\n".utf8)
  for size in 1...text.count {
    var stream = stream()
    var values: [JSONValue] = []
    for start in stride(from: 0, to: text.count, by: size) {
      try stream.feed(text[start..<min(start + size, text.count)])
      while let value = try stream.next() { values.append(value) }
    }
    #expect(values == [["a": 1], [2], "é"])
  }
}

@Test func anUnfinishedLineWaits() throws {
  var stream = stream()
  try stream.feed(Array("{\"a\":".utf8))
  #expect(try stream.next() == nil)
  try stream.feed(Array("1}".utf8))
  #expect(try stream.next() == nil)
  try stream.feed(Array("\n".utf8))
  #expect(try stream.next() == ["a": 1])
  #expect(try stream.next() == nil)
}

@Test func aLineThatIsNotJSONIsConsumed() throws {
  var stream = stream()
  try stream.feed(Array("{} x\r\n[1]\n".utf8))
  #expect(throws: JSONError(offset: 3, reason: .trailingData)) { try stream.next() }
  #expect(try stream.next() == [1])
}

@Test func aLineWithoutEndIsRefusedAtTheLimit() throws {
  var stream = stream(8)
  try stream.feed(Array("12345678".utf8))
  #expect(try stream.next() == nil)
  try stream.feed(Array("\r\n".utf8))
  #expect(try stream.next() == 12_345_678)
  try stream.feed(Array("12345678\r".utf8))
  #expect(try stream.next() == nil)
  try stream.feed(Array("\n123456".utf8))
  #expect(try stream.next() == 12_345_678)
  try stream.feed(Array("7890".utf8))
  for _ in 0..<2 {
    #expect(throws: JSONError(offset: 8, reason: .tooManyBytes(limit: 8))) { try stream.next() }
  }
}

@Test func whatIsNotReadDoesNotPileUp() throws {
  var stream = stream(8)
  try stream.feed(Array("[1]\n[2]\n".utf8))
  try stream.feed(Array("[3]\n[4]\n".utf8))
  #expect(throws: JSONError(offset: 16, reason: .tooManyBytes(limit: 16))) { try stream.feed([0x0A]) }
  var count = 0
  while try stream.next() != nil { count += 1 }
  #expect(count == 4)
  try stream.feed(Array("[5]\n".utf8))
  #expect(try stream.next() == [5])
}
