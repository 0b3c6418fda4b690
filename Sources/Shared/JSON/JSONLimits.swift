/// How much a text may ask of its reader. What exceeds a limit is refused before memory is taken for it.
public struct JSONLimits: Sendable {
  /// Bounds the stack that the reader uses (a few hundred bytes a level).
  public static let greatestDepth = 512
  /// Keeps sums of sizes far from overflow.
  public static let greatestBytes = 1 << 30

  /// Bytes of a text.
  public let bytes: Int
  /// Arrays and objects within one another.
  public let depth: Int
  /// Values in all. Each takes up to about 100 bytes (an object of its own), beside the text of strings and keys.
  public let nodes: Int

  public init(bytes: Int, depth: Int = 32, nodes: Int = 100_000) {
    precondition((0...Self.greatestBytes).contains(bytes), "bytes is out of its range")
    precondition((0...Self.greatestDepth).contains(depth), "depth is out of its range")
    self.bytes = bytes
    self.depth = depth
    self.nodes = nodes
  }
}
