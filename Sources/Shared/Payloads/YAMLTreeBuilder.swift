/// Makes `YAMLNode`s of events, within bounds.
///
/// It always reads to the end of the value, and leaves out what is beyond the bounds or not allowed: what is wrong
/// with the value is in `problem`, so that the rest of the text can still be read.
struct YAMLTreeBuilder {
  private let reader: YAMLEventReader
  private var nodesLeft: Int
  private let scalarBytes: Int
  /// The first thing that is wrong with what was read.
  private(set) var problem: String?

  /// Takes at most `nodes` values and keys, and scalars of at most `scalarBytes`.
  init(_ reader: YAMLEventReader, nodes: Int, scalarBytes: Int) {
    self.reader = reader
    nodesLeft = nodes
    self.scalarBytes = scalarBytes
  }

  /// The value that begins with `event`, the one read last. Recursion ends at the reader's limit of depth.
  mutating func node(_ event: YAMLEventReader.Event) throws(YAMLError) -> YAMLNode {
    if event.isReference { note("an anchor or alias is not allowed here") }
    guard takeNode() else {
      try reader.skip(event)
      return .scalar("", isPlain: true)
    }
    switch event.kind {
    case .scalar(let isPlain): return .scalar(scalarText(), isPlain: isPlain)
    case .sequenceStart:
      var items: [YAMLNode] = []
      while true {
        let item = try reader.next()
        if item.kind == .sequenceEnd { return .sequence(items) }
        let node = try node(item)
        if problem == nil { items.append(node) }
      }
    case .mappingStart: return try mapping()
    default: return .scalar("", isPlain: true)
    }
  }

  private mutating func mapping() throws(YAMLError) -> YAMLNode {
    var entries: [YAMLNode.Entry] = []
    var names: Set<String> = []
    while true {
      let key = try reader.next()
      if key.kind == .mappingEnd { return .mapping(entries) }
      if key.isReference { note("an anchor or alias is not allowed here") }
      guard key.isScalar else {
        note("a key must be a scalar")
        try reader.skip(key)
        try reader.skip(try reader.next())
        continue
      }
      guard takeNode() else {
        try reader.skip(try reader.next())
        continue
      }
      let name = scalarText()
      let value = try node(try reader.next())
      if names.insert(name).inserted {
        entries.append(.init(key: name, value: value))
      } else {
        note("the key \(excerpt(name)) occurs twice")
      }
    }
  }

  private mutating func scalarText() -> String {
    if let text = reader.scalarText(limit: scalarBytes) { return text }
    note("a scalar is longer than \(scalarBytes) bytes")
    return ""
  }

  private mutating func takeNode() -> Bool {
    guard nodesLeft > 0 else {
      note("there are too many values")
      return false
    }
    nodesLeft -= 1
    return true
  }

  private mutating func note(_ text: String) {
    if problem == nil { problem = text }
  }
}

/// The beginning of `text` in ASCII and quotes, fit for a message.
func excerpt(_ text: String) -> String {
  /// Characters; longer than any name that makes sense in a payload but an image's.
  let longest = 80
  let shown = text.unicodeScalars.prefix(longest).map { $0.escaped(asASCII: true) }.joined()
  return "\"\(shown)\"" + (text.unicodeScalars.count > longest ? "..." : "")
}
