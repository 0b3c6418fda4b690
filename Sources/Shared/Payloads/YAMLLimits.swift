/// How much of a YAML text is taken before it is refused.
public struct YAMLLimits: Equatable, Sendable {
  /// Bytes of the whole text.
  public var bytes = 16 << 20
  /// Collections inside one another. cloud-config and STATS use less than ten.
  public var depth = 64
  /// libyaml events of the whole text, about one for each scalar and two for each collection. A million takes
  /// libyaml less than a second.
  public var events = 1 << 20
  /// Values kept in the tree of a `YAMLNode`.
  public var nodes = 1 << 19
  /// Bytes of one scalar kept in the tree of a `YAMLNode`.
  public var scalarBytes = 64 << 10

  public init() {}

  /// `%TAG` lines of a text. libyaml compares each with all before it, and each tag with all of them.
  static let tagDirectives = 64
  /// Bytes of a `%TAG` line. libyaml copies the prefix that it declares into every tag that uses it.
  static let tagDirectiveBytes = 1024
  /// Longest run of blanks and line breaks, in bytes, times the number of runs. libyaml clears a buffer as long
  /// as the longest run of a scalar after every run in it, about 2^35 bytes a second; the product of an honest
  /// text of 16 MiB stays below 2^32.
  static let blankWork = 1 << 34
}
