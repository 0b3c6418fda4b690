import Instances

/// Reads a payload's stream of documents.
///
/// What was found is kept when reading ends with an error: a failure names the instance if it can.
struct PayloadScan {
  /// The key of the section that the command needs, such as `start`.
  let sectionKey: String
  /// The documents that have content, in their order, at most `maximumDocuments`.
  private(set) var documents: [PayloadDocument] = []
  /// The number of documents that have content.
  private(set) var documentCount = 0
  /// The first instance that a section names, or else that stands at the top of a document.
  var instance: Identifier? { instanceInSection ?? instanceBeside }
  private var instanceInSection: Identifier?
  private var instanceBeside: Identifier?
  /// A section says `restart: true`.
  private(set) var isRestart = false

  /// Start section, cloud-config and meta-data.
  static let maximumDocuments = 3
  /// Documents, empty ones too, after which no more are looked at.
  private static let documentsRead = 64
  /// Bytes of a key of the top mapping that may be one launcher knows.
  private static let keyBytes = 64

  init(sectionKey: String) { self.sectionKey = sectionKey }

  mutating func read(_ reader: YAMLEventReader) throws(YAMLError) {
    var headStart = skipDocumentEnds(reader.text, from: reader.text.origin)
    if headStart > reader.text.origin { try reader.restart(atByte: headStart) }
    var documentsLeft = Self.documentsRead
    while true {
      let event = try reader.next()
      switch event.kind {
      case .documentStart(let isExplicit):
        guard documentsLeft > 0 else { throw .refused("it has more than \(Self.documentsRead) documents") }
        documentsLeft -= 1
        let end = try readDocument(start: event, isExplicit: isExplicit, headStart: headStart, reader)
        headStart = reader.byteOffset(end.start.index)
        guard end.kind == .documentEnd(isExplicit: true) else { continue }
        let nextLine = reader.text.nextLine(
          after: reader.byteOffset(end.end.index), limit: reader.text.bytes.count)
        headStart = skipDocumentEnds(reader.text, from: nextLine)
        try reader.restart(atByte: headStart)
      case .streamEnd: return
      default: continue
      }
    }
  }

  /// The offset behind all `...` lines that follow `offset` with nothing but comments and blank lines between.
  /// libyaml does not take one that ends no document.
  private func skipDocumentEnds(_ text: YAMLText, from offset: Int) -> Int {
    let end = text.bytes.count
    var behind = offset
    var line = offset
    while line < end {
      let first = text.skipBlanks(from: line, limit: end)
      let next = text.nextLine(after: line, limit: end)
      if text.hasPrefix("...", at: line, limit: end) {
        let rest = text.skipBlanks(from: line + 3, limit: end)
        guard
          rest == end || text.lineBreakLength(at: rest) > 0 || rest > line + 3 && text.bytes[rest] == UInt8(ascii: "#")
        else { return behind }
        behind = next
      } else if first < end, text.lineBreakLength(at: first) == 0, text.bytes[first] != UInt8(ascii: "#") {
        return behind
      }
      line = next
    }
    return behind
  }

  private mutating func readDocument(
    start: YAMLEventReader.Event, isExplicit: Bool, headStart: Int, _ reader: YAMLEventReader
  ) throws(YAMLError) -> YAMLEventReader.Event {
    let text = reader.text
    let head: Range<Int>
    let bodyStart: Int
    if isExplicit {
      let separator = reader.byteOffset(start.end.index)
      head = headStart..<max(headStart, separator - 3)
      bodyStart = Self.bodyStart(text, after: separator)
    } else {
      bodyStart = max(headStart, reader.byteOffset(start.start.index - start.start.column))
      head = headStart..<bodyStart
    }
    var document = PayloadDocument(head: head, body: bodyStart..<bodyStart, isExplicit: isExplicit)

    let root = try reader.next()
    switch root.kind {
    case .mappingStart(let isFlow):
      document.root = .mapping(isFlow: isFlow)
      try readMapping(root, into: &document, reader)
    case .scalar(isPlain: true) where root.isEmpty && !root.isReference: document.root = .empty
    default:
      document.root = .other
      try reader.skip(root)
    }
    let end = try reader.next()
    document.body = bodyStart..<max(bodyStart, reader.byteOffset(end.start.index))
    if case .mapping(isFlow: true) = document.root {
      let brace = reader.byteOffset(root.end.index) - 1
      document.content = brace..<max(brace, reader.byteOffset(reader.contentEnd))
    }
    keep(document, text)
    return end
  }

  private mutating func keep(_ document: PayloadDocument, _ text: YAMLText) {
    // A `---` that nothing follows is no document to anyone, unless a cloud-config header says what it is.
    if document.root == .empty, !DocumentCut(text, document).hasCloudConfigHeader { return }
    documentCount += 1
    if documents.count < Self.maximumDocuments { documents.append(document) }
  }

  /// Where the document that begins with the `---` before `offset` has its own first byte.
  private static func bodyStart(_ text: YAMLText, after offset: Int) -> Int {
    let end = text.bytes.count
    let first = text.skipBlanks(from: offset, limit: end)
    if text.hasPrefix(DocumentCut.cloudConfigHeader, at: first, limit: end) { return first }
    // A comment in the line of the separator belongs to the separator.
    let isComment = text.hasPrefix("#", at: first, limit: end)
    return isComment || text.lineBreakLength(at: first) > 0 ? text.nextLine(after: first, limit: end) : first
  }

  // MARK: The top mapping

  private mutating func readMapping(
    _ root: YAMLEventReader.Event, into document: inout PayloadDocument, _ reader: YAMLEventReader
  ) throws(YAMLError) {
    var end = root.end.index
    while true {
      let key = try reader.next()
      if key.kind == .mappingEnd { return }
      let name = reader.scalarText(limit: Self.keyBytes)
      let keyHasReferences = try reader.skip(key)
      // A key that has no characters of its own leaves contentEnd where it was.
      let keyEnd = max(end, key.isScalar ? key.end.index : reader.contentEnd)
      let entry = try readValue(of: name, keyHasReferences: keyHasReferences, into: &document, reader)
      let gapStart = end
      end = max(keyEnd, reader.contentEnd)
      if document.entries.isEmpty { document.column = root.end.column }
      if entry == .other, document.entries.last?.name == .other {
        document.entries[document.entries.count - 1].end = end
      } else {
        document.entries.append(.init(name: entry, gapStart: gapStart, start: key.start, end: end))
      }
    }
  }

  private mutating func readValue(
    of name: String?, keyHasReferences: Bool, into document: inout PayloadDocument, _ reader: YAMLEventReader
  ) throws(YAMLError) -> PayloadDocument.Entry.Name {
    let value = try reader.next()
    if name == sectionKey {
      var section = try PayloadSection(value, from: reader)
      if keyHasReferences { section.note("an anchor or alias is not allowed in the section") }
      instanceInSection = instanceInSection ?? section.instance
      isRestart = isRestart || section.says(.restart)
      if document.section == nil {
        document.section = section
      } else {
        document.section?.note("the key `\(sectionKey)` occurs twice")
      }
      return .section
    }
    guard let field = name.flatMap(StartField.init), field.mayStandBeside else {
      try reader.skip(value)
      return .other
    }
    var found = try FieldValue(value, from: reader)
    if keyHasReferences { found.problem = found.problem ?? "an anchor or alias is not allowed here" }
    if field == .instance, found.problem == nil, instanceBeside == nil {
      instanceBeside = found.node.text.flatMap { Identifier($0) }
    }
    if document.beside[field] == nil {
      document.beside[field] = found
    } else {
      document.repeated.insert(field)
    }
    return .field(field)
  }
}
