import CYaml

/// libyaml's event parser on one text, within limits.
///
/// Never libyaml's loader: an alias is an event like any other and is not expanded.
final class YAMLEventReader {
  /// A place in the text.
  struct Mark {
    /// Characters from the origin of the text.
    var index = 0
    /// Characters from the beginning of the line.
    var column = 0
  }

  struct Event {
    enum Kind: Equatable {
      case streamStart
      case streamEnd
      case documentStart(isExplicit: Bool)
      case documentEnd(isExplicit: Bool)
      case alias
      case scalar(isPlain: Bool)
      case sequenceStart
      case sequenceEnd
      case mappingStart(isFlow: Bool)
      case mappingEnd
    }

    var kind: Kind
    var start: Mark
    var end: Mark
    /// It is an alias or carries an anchor.
    var isReference: Bool

    var isScalar: Bool { if case .scalar = kind { true } else { false } }
    /// No character of the text stands for it, as for the value of `key:`.
    var isEmpty: Bool { start.index == end.index }
  }

  let text: YAMLText
  private let limits: YAMLLimits
  private let input: UnsafeBufferPointer<UInt8>
  private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
  private let event = UnsafeMutablePointer<yaml_event_t>.allocate(capacity: 1)
  private var eventsLeft: Int
  private var depth = 0
  /// Where the text that libyaml has begins: it counts characters from there.
  private var base = Mark()
  /// Where the last event that stands for characters of its own, other than the marks of block collections, ends.
  private(set) var contentEnd = 0

  /// Calls `body` with a reader of `bytes`, which must not leave it.
  static func read<Result>(
    _ bytes: [UInt8], limits: YAMLLimits, _ body: (YAMLEventReader) throws(YAMLError) -> Result
  ) throws(YAMLError) -> Result {
    let text = try YAMLText(bytes, maximumLength: limits.bytes)
    return try text.bytes.withUnsafeBufferPointer { (input) throws(YAMLError) -> Result in
      let reader = try YAMLEventReader(text, input: input, limits: limits)
      return try withExtendedLifetime(reader) { () throws(YAMLError) -> Result in try body(reader) }
    }
  }

  private init(_ text: YAMLText, input: UnsafeBufferPointer<UInt8>, limits: YAMLLimits) throws(YAMLError) {
    self.text = text
    self.input = input
    self.limits = limits
    eventsLeft = limits.events
    // Zeroed, both can be deleted at any time.
    parser.initialize(to: yaml_parser_t())
    event.initialize(to: yaml_event_t())
    try restart(atByte: text.origin)
  }

  deinit {
    yaml_event_delete(event)
    yaml_parser_delete(parser)
    event.deallocate()
    parser.deallocate()
  }

  /// Begins a new stream at `offset`: libyaml does not take the bare document that may follow a `...`.
  func restart(atByte offset: Int) throws(YAMLError) {
    yaml_event_delete(event)
    yaml_parser_delete(parser)
    guard yaml_parser_initialize(parser) == 1 else { throw .refused("there is not enough memory for it") }
    base.index = text.characterIndex(ofByte: offset)
    depth = 0
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    let rest = UnsafeBufferPointer(rebasing: input[offset...])
    // libyaml asserts that there is an address even where there is nothing to read.
    let address = rest.baseAddress ?? UnsafePointer(UnsafeRawPointer(parser).assumingMemoryBound(to: UInt8.self))
    yaml_parser_set_input_string(parser, address, rest.count)
  }

  func next() throws(YAMLError) -> Event {
    guard eventsLeft > 0 else { throw .refused("it has more than \(limits.events) parts") }
    eventsLeft -= 1
    yaml_event_delete(event)
    guard yaml_parser_parse(parser, event) == 1 else { throw parserError() }

    let raw = event.pointee
    var isReference = false
    let kind: Event.Kind
    switch raw.type {
    case YAML_STREAM_START_EVENT: kind = .streamStart
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart(isExplicit: raw.data.document_start.implicit == 0)
    case YAML_DOCUMENT_END_EVENT: kind = .documentEnd(isExplicit: raw.data.document_end.implicit == 0)
    case YAML_ALIAS_EVENT:
      kind = .alias
      isReference = true
    case YAML_SCALAR_EVENT:
      kind = .scalar(isPlain: raw.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
      isReference = raw.data.scalar.anchor != nil
    case YAML_SEQUENCE_START_EVENT:
      kind = .sequenceStart
      isReference = raw.data.sequence_start.anchor != nil
    case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      kind = .mappingStart(isFlow: raw.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE)
      isReference = raw.data.mapping_start.anchor != nil
    case YAML_MAPPING_END_EVENT: kind = .mappingEnd
    default: kind = .streamEnd
    }
    let found = Event(
      kind: kind, start: mark(raw.start_mark), end: mark(raw.end_mark), isReference: isReference)
    try follow(found)
    return found
  }

  /// Reads to the end of the value that begins with `event`, the one read last; says whether an anchor or alias is
  /// in it.
  @discardableResult
  func skip(_ event: Event) throws(YAMLError) -> Bool {
    var hasReferences = event.isReference
    switch event.kind {
    case .sequenceStart, .mappingStart:
      let outside = depth - 1
      while depth > outside {
        if try next().isReference { hasReferences = true }
      }
    default: break
    }
    return hasReferences
  }

  /// The value of the scalar read last; nil when it has more than `limit` bytes or the last event is none.
  func scalarText(limit: Int) -> String? {
    guard event.pointee.type == YAML_SCALAR_EVENT, event.pointee.data.scalar.length <= limit else { return nil }
    let scalar = event.pointee.data.scalar
    return String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
  }

  func byteOffset(_ index: Int) -> Int { text.byteOffset(ofCharacter: index) }

  private func follow(_ event: Event) throws(YAMLError) {
    switch event.kind {
    case .sequenceStart, .mappingStart:
      depth += 1
      guard depth <= limits.depth else {
        throw .refused("it nests collections deeper than \(limits.depth)")
      }
    case .sequenceEnd, .mappingEnd: depth -= 1
    default: break
    }
    switch event.kind {
    case .alias, .scalar, .sequenceStart, .mappingStart(isFlow: true):
      if !event.isEmpty { contentEnd = event.end.index }
    case .sequenceEnd, .mappingEnd:
      // The end of a block collection has no characters: its mark is that of whatever follows.
      if !event.isEmpty { contentEnd = event.end.index }
    default: break
    }
  }

  private func mark(_ mark: yaml_mark_t) -> Mark {
    Mark(index: base.index + mark.index, column: mark.column)
  }

  private func parserError() -> YAMLError {
    let failed = parser.pointee
    if failed.error == YAML_MEMORY_ERROR { return .refused("there is not enough memory for it") }
    let offset =
      failed.error == YAML_READER_ERROR
      ? text.byteOffset(ofCharacter: base.index) + failed.problem_offset : byteOffset(mark(failed.problem_mark).index)
    let line = 1 + text.bytes.prefix(max(0, offset)).count { $0 == 0x0a }
    return .malformed("\(failed.problem.map { String(cString: $0) } ?? "unknown problem") in line \(line)")
  }
}
