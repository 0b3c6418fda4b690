/// What a decoder takes from a peer. Each limit is checked before anything is allocated for the thing it limits.
///
/// A collection is also limited by the bytes left in its message, for no value takes less than one byte.
public struct GobLimits: Sendable {
  /// Longest message, in bytes. Bounds the buffer, a payload, and the time spent on one message.
  /// 16 MiB leaves room: clouds limit user data to some KiB (EC2 to 16, OpenStack to 64).
  public var messageBytes = 16 << 20
  /// Type definitions in one stream. A peer's Frame, the most there is in SSNTP, needs six.
  public var types = 256
  /// Fields of one structure. A Frame has eight.
  public var fields = 128
  /// Longest name of a field, in bytes of UTF-8.
  public var nameBytes = 128
  /// Structures, arrays, slices and maps inside each other. A traced Frame is four deep.
  public var depth = 32
  /// Fields and elements in one message, read or skipped. Bounds the time spent on one message.
  public var values = 1 << 20

  public init() {}
}
