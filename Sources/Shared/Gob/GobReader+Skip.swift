extension GobReader {
  /// Steps over the value that has not been taken, if there is one. Builds nothing. Recursion is bounded by
  /// `GobLimits.depth`, the work by `GobLimits.values`.
  mutating func skip() throws(GobError) {
    guard let id = pending else { return }
    guard let type = types[id] else { throw .unknownType(id: id, field: place) }
    switch type {
    case .boolean, .signed, .unsigned, .float:
      pending = nil
      _ = try unsignedNumber()
    case .complex:
      pending = nil
      _ = try unsignedNumber()
      _ = try unsignedNumber()
    case .bytes, .string, .selfEncoded:
      pending = nil
      _ = try byteRange()
    case .interface:
      pending = nil
      try skipInterface()
    case .structure:
      var fields = try structure()
      while try nextField(of: &fields) != nil {}
    case .array(let element, let count):
      pending = nil
      var elements = try arrayElements(element, count)
      while try nextElement(of: &elements) {}
    case .slice(let element):
      pending = nil
      var elements = try sliceElements(element)
      while try nextElement(of: &elements) {}
    case .map(let key, let value):
      pending = nil
      try skipMap(key, value)
    }
  }

  private mutating func skipMap(_ key: GobTypeID, _ value: GobTypeID) throws(GobError) {
    let count = try boundedCount()
    try descend()
    for _ in 0..<count {
      try expect(key)
      try skip()
      try expect(value)
      try skip()
    }
    depth -= 1
  }

  /// The name of the concrete type, empty for nil and nothing more; else its id, a count, and as many bytes.
  ///
  /// Where Go has not sent the concrete type before, it breaks the message up to define the type within the value.
  /// Its own decoder cannot skip all of these; this one takes none.
  private mutating func skipInterface() throws(GobError) {
    guard try !byteRange().isEmpty else { return }
    guard try signedNumber() > 0 else {
      throw .invalidValue(field: place, why: "is an interface that defines a type within its value")
    }
    _ = try byteRange()
  }
}
