/// A value of a small YAML document.
///
/// Tags are ignored and nothing is resolved: a scalar is its text and whether it stood without quotes. Anchors,
/// aliases, keys that are no scalars and keys that occur twice in a mapping are refused.
public indirect enum YAMLNode: Equatable, Sendable {
  case scalar(String, isPlain: Bool)
  case sequence([YAMLNode])
  case mapping([Entry])

  public struct Entry: Equatable, Sendable {
    public var key: String
    public var value: YAMLNode
  }

  /// Reads the one document in `bytes`; a text without any is a null scalar.
  public init(parsing bytes: [UInt8], limits: YAMLLimits = YAMLLimits()) throws(YAMLError) {
    self = try YAMLEventReader.read(bytes, limits: limits) { (reader) throws(YAMLError) -> YAMLNode in
      var builder = YAMLTreeBuilder(reader, nodes: limits.nodes, scalarBytes: limits.scalarBytes)
      _ = try reader.next()
      guard case .documentStart = try reader.next().kind else { return .scalar("", isPlain: true) }
      let root = try builder.node(try reader.next())
      _ = try reader.next()
      guard try reader.next().kind == .streamEnd else { throw .refused("it has more than one document") }
      if let problem = builder.problem { throw .refused(problem) }
      return root
    }
  }

  /// The value of `key` in a mapping; nil for anything else.
  public subscript(key: String) -> YAMLNode? {
    guard case .mapping(let entries) = self else { return nil }
    return entries.first { $0.key == key }?.value
  }

  /// Item `index` of a sequence; nil for anything else.
  public subscript(index: Int) -> YAMLNode? {
    items.indices.contains(index) ? items[index] : nil
  }

  /// The items of a sequence; empty for anything else.
  public var items: [YAMLNode] {
    if case .sequence(let items) = self { items } else { [] }
  }

  /// The entries of a mapping in their order; empty for anything else.
  public var entries: [Entry] {
    if case .mapping(let entries) = self { entries } else { [] }
  }

  /// The text of a scalar.
  public var text: String? {
    if case .scalar(let text, _) = self { text } else { nil }
  }

  /// YAML's null: nothing, `~` or `null`, without quotes.
  public var isNull: Bool {
    guard case .scalar(let text, isPlain: true) = self else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// Of a plain `true` or `false`. Other notations of YAML (`yes`, `on`) are not taken, because readers do not agree on
  /// them.
  public var boolean: Bool? {
    guard case .scalar(let text, isPlain: true) = self else { return nil }
    return switch text {
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: nil
    }
  }

  /// The number of a plain scalar in decimal digits. Other notations of YAML (octal, hexadecimal, sexagesimal,
  /// `1_000`) are not taken, because readers do not agree on them.
  public var integer: Int? {
    guard case .scalar(let text, isPlain: true) = self else { return nil }
    let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
    guard !digits.isEmpty, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      digits.count == 1 || digits.first != 0x30
    else { return nil }
    return Int(text)
  }
}
