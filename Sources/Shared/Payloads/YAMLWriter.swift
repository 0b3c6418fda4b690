import CYaml

/// Writes one YAML document with libyaml's emitter.
///
/// Strings are always double-quoted: to a YAML 1.1 reader a plain `1234`, `12e4`, `null`, `on`, `2001-12-14` or
/// `02:00:11:22:33:44` is no string.
final class YAMLWriter {
  private let emitter = UnsafeMutablePointer<yaml_emitter_t>.allocate(capacity: 1)
  private let output = UnsafeMutablePointer<[UInt8]>.allocate(capacity: 1)

  private init() {
    emitter.initialize(to: yaml_emitter_t())
    output.initialize(to: [])
    check(yaml_emitter_initialize(emitter))
    yaml_emitter_set_width(emitter, -1)
    yaml_emitter_set_output(
      emitter,
      { context, bytes, count in
        guard let context, let bytes else { return 0 }
        context.assumingMemoryBound(to: [UInt8].self).pointee += UnsafeBufferPointer(start: bytes, count: count)
        return 1
      }, output)
  }

  deinit {
    yaml_emitter_delete(emitter)
    output.deinitialize(count: 1)
    emitter.deallocate()
    output.deallocate()
  }

  /// The document whose top mapping `body` fills.
  static func document(_ body: (YAMLWriter) -> Void) -> [UInt8] {
    let writer = YAMLWriter()
    writer.emit { yaml_stream_start_event_initialize($0, YAML_UTF8_ENCODING) }
    writer.emit { yaml_document_start_event_initialize($0, nil, nil, nil, 1) }
    writer.mapping { body(writer) }
    writer.emit { yaml_document_end_event_initialize($0, 1) }
    writer.emit { yaml_stream_end_event_initialize($0) }
    return writer.output.pointee
  }

  func pair(_ key: StaticString, _ value: String) {
    self.key(key)
    var value = value
    value.withUTF8 { scalar($0, YAML_DOUBLE_QUOTED_SCALAR_STYLE) }
  }

  func pair(_ key: StaticString, _ value: Int) {
    self.key(key)
    var digits = String(value)
    digits.withUTF8 { scalar($0, YAML_PLAIN_SCALAR_STYLE) }
  }

  func pair(_ key: StaticString, _ value: Bool) {
    self.key(key)
    (value ? "true" as StaticString : "false").withUTF8Buffer { scalar($0, YAML_PLAIN_SCALAR_STYLE) }
  }

  func mapping(_ key: StaticString, _ body: () -> Void) {
    self.key(key)
    mapping(body)
  }

  /// A list of mappings; `[]` when there are none.
  func list<Item>(_ key: StaticString, of items: [Item], _ body: (Item) -> Void) {
    self.key(key)
    emit { yaml_sequence_start_event_initialize($0, nil, nil, 1, YAML_BLOCK_SEQUENCE_STYLE) }
    for item in items { mapping { body(item) } }
    emit { yaml_sequence_end_event_initialize($0) }
  }

  /// A list of texts; `[]` when there are none.
  func list(_ key: StaticString, of texts: [String]) {
    self.key(key)
    emit { yaml_sequence_start_event_initialize($0, nil, nil, 1, YAML_BLOCK_SEQUENCE_STYLE) }
    for var text in texts { text.withUTF8 { scalar($0, YAML_DOUBLE_QUOTED_SCALAR_STYLE) } }
    emit { yaml_sequence_end_event_initialize($0) }
  }

  private func mapping(_ body: () -> Void) {
    emit { yaml_mapping_start_event_initialize($0, nil, nil, 1, YAML_BLOCK_MAPPING_STYLE) }
    body()
    emit { yaml_mapping_end_event_initialize($0) }
  }

  private func key(_ key: StaticString) {
    key.withUTF8Buffer { scalar($0, YAML_PLAIN_SCALAR_STYLE) }
  }

  private func scalar(_ text: UnsafeBufferPointer<UInt8>, _ style: yaml_scalar_style_t) {
    emit { event in
      guard let address = text.baseAddress else {
        return "".utf8CString.withUnsafeBytes { empty in
          yaml_scalar_event_initialize(
            event, nil, nil, empty.baseAddress?.assumingMemoryBound(to: UInt8.self), 0, 1, 1, style)
        }
      }
      return yaml_scalar_event_initialize(event, nil, nil, address, Int32(clamping: text.count), 1, 1, style)
    }
  }

  private func emit(_ initialize: (UnsafeMutablePointer<yaml_event_t>) -> Int32) {
    var event = yaml_event_t()
    check(initialize(&event))
    // The emitter takes the event over and frees it.
    check(yaml_emitter_emit(emitter, &event))
  }

  /// libyaml fails for want of memory only: the events come in the right order and a String is valid UTF-8.
  private func check(_ result: Int32) {
    precondition(result == 1, "libyaml cannot write a document: out of memory")
  }
}
