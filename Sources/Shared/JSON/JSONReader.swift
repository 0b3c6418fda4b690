extension JSONValue {
  /// Reads one JSON text, strictly by RFC 8259 and within limits.
  public init(parsing bytes: some Collection<UInt8>, limits: JSONLimits) throws(JSONError) {
    guard bytes.count <= limits.bytes else {
      throw JSONError(offset: limits.bytes, reason: .tooManyBytes(limit: limits.bytes))
    }
    var reader = JSONReader(bytes: Array(bytes), limits: limits)
    self = try reader.text()
  }
}

/// A recursive descent over the grammar of RFC 8259, one function a rule. A depth limit bounds the recursion.
private struct JSONReader {
  /// Characters of a number. No double needs more than 767 significant digits; it bounds the cost of conversion.
  static let longestNumber = 1024

  let bytes: [UInt8]
  let limits: JSONLimits
  var offset = 0
  var nodes = 0
  var depth = 0

  init(bytes: [UInt8], limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  func failure(_ reason: JSONError.Reason, at place: Int? = nil) -> JSONError {
    JSONError(offset: place ?? offset, reason: reason)
  }

  /// The failure for a byte that the grammar does not have here, or for the end of the text.
  func unexpected(_ wanted: String) -> JSONError {
    failure(offset < bytes.count ? .expected(wanted) : .unexpectedEnd)
  }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
  }

  /// Steps over a byte if it is the next one.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  mutating func text() throws(JSONError) -> JSONValue {
    skipSpace()
    let value = try value()
    skipSpace()
    guard offset == bytes.count else { throw failure(.trailingData) }
    return value
  }

  mutating func value() throws(JSONError) -> JSONValue {
    guard nodes < limits.nodes else { throw failure(.tooManyValues(limit: limits.nodes)) }
    nodes += 1
    guard let byte = next else { throw failure(.unexpectedEnd) }
    switch Unicode.Scalar(byte) {
    case "{": return try nested { reader throws(JSONError) in .object(try reader.object()) }
    case "[": return try nested { reader throws(JSONError) in .array(try reader.array()) }
    case "\"": return .string(try string())
    case "-", "0"..."9": return try number()
    case "t": return try word("true", .bool(true))
    case "f": return try word("false", .bool(false))
    case "n": return try word("null", .null)
    default: throw failure(.expected("a value"))
    }
  }

  mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    let count = word.utf8CodeUnitCount
    let expected = UnsafeBufferPointer(start: word.utf8Start, count: count)
    guard bytes[offset...].prefix(count).elementsEqual(expected) else { throw failure(.expected("a value")) }
    offset += count
    return value
  }

  /// Reads an array or object, whose opening bracket is next, one level deeper.
  mutating func nested(
    _ read: (inout JSONReader) throws(JSONError) -> JSONValue
  ) throws(JSONError) -> JSONValue {
    guard depth < limits.depth else { throw failure(.tooDeep(limit: limits.depth)) }
    depth += 1
    offset += 1
    skipSpace()
    let value = try read(&self)
    depth -= 1
    return value
  }

  mutating func array() throws(JSONError) -> [JSONValue] {
    var elements: [JSONValue] = []
    if take("]") { return elements }
    while true {
      elements.append(try value())
      skipSpace()
      if take("]") { return elements }
      guard take(",") else { throw unexpected("',' or ']'") }
      skipSpace()
    }
  }

  mutating func object() throws(JSONError) -> JSONObject {
    var object = JSONObject()
    var keys: Set<KeyBytes> = []
    if take("}") { return object }
    while true {
      let start = offset
      guard next == UInt8(ascii: "\"") else { throw unexpected("a key") }
      let key = try string()
      guard keys.insert(KeyBytes(key: key)).inserted else { throw failure(.duplicateKey, at: start) }
      skipSpace()
      guard take(":") else { throw unexpected("':'") }
      skipSpace()
      object.append(newKey: key, try value())
      skipSpace()
      if take("}") { return object }
      guard take(",") else { throw unexpected("',' or '}'") }
      skipSpace()
    }
  }

  mutating func number() throws(JSONError) -> JSONValue {
    let start = offset
    var isInteger = true
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") {
      isInteger = false
      try digits()
    }
    if take("e") || take("E") {
      isInteger = false
      if !take("+") { _ = take("-") }
      try digits()
    }
    guard offset - start <= Self.longestNumber else {
      throw failure(.numberTooLong(limit: Self.longestNumber), at: start)
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isInteger, let integer = Int64(text) { return .int(integer) }
    guard let double = Double(text), double.isFinite else { throw failure(.numberOutOfRange, at: start) }
    return .double(double)
  }

  mutating func digits() throws(JSONError) {
    let start = offset
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
    if offset == start { throw unexpected("a digit") }
  }
}

// Strings.
extension JSONReader {
  /// Reads a string whose opening quote is next.
  fileprivate mutating func string() throws(JSONError) -> String {
    let start = offset
    offset += 1
    var content: [UInt8] = []
    while true {
      // Plain bytes are taken in runs, up to a quote or an escape.
      let run = offset
      while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
        guard byte >= 0x20 else { throw failure(.controlCharacter) }
        offset += 1
      }
      content += bytes[run..<offset]
      if take("\"") { break }
      guard take("\\") else { throw failure(.unexpectedEnd) }
      try escape(into: &content)
    }
    guard let text = String(validating: content, as: UTF8.self) else { throw failure(.invalidUTF8, at: start) }
    return text
  }

  /// Reads what follows a backslash.
  private mutating func escape(into content: inout [UInt8]) throws(JSONError) {
    guard let byte = next else { throw failure(.unexpectedEnd) }
    offset += 1
    switch Unicode.Scalar(byte) {
    case "\"", "\\", "/": content.append(byte)
    case "b": content.append(0x08)
    case "f": content.append(0x0C)
    case "n": content.append(0x0A)
    case "r": content.append(0x0D)
    case "t": content.append(0x09)
    case "u": content += String(try unicodeEscape()).utf8
    default: throw failure(.invalidEscape, at: offset - 1)
    }
  }

  /// Reads what follows `\u`: one scalar, or the two halves of a pair.
  private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
    let start = offset - 2
    let unit = try hexadecimal()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    // Not a scalar, so a surrogate. A trailing one must follow a leading one; 0x10000 plus ten bits of each is a scalar.
    guard UTF16.isLeadSurrogate(unit), take("\\"), take("u") else { throw failure(.loneSurrogate, at: start) }
    let trail = try hexadecimal()
    let value = 0x10000 + ((UInt32(unit) & 0x3FF) << 10) + (UInt32(trail) & 0x3FF)
    guard UTF16.isTrailSurrogate(trail), let scalar = Unicode.Scalar(value) else {
      throw failure(.loneSurrogate, at: start)
    }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = next else { throw failure(.unexpectedEnd) }
      guard byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure(.invalidEscape)
      }
      value = value << 4 | UInt16(digit)
      offset += 1
    }
    return value
  }
}
