/// An instant as Go's `time.Time` encodes itself: to the nanosecond, with the offset of the sender's zone.
///
/// Go's zero time is not encoded: a field that holds it is nil here.
public struct GobTime: Hashable, Sendable {
  /// Seconds from 0001-01-01, where Go counts from, to 1970-01-01, both UTC.
  private static let unixEpoch: Int64 = 62_135_596_800
  private static let nanosecondsPerSecond: UInt32 = 1_000_000_000

  /// Seconds since 0001-01-01 00:00:00 UTC.
  private let seconds: Int64
  /// 0 to 999 999 999.
  public let nanoseconds: UInt32
  /// Seconds east of UTC; nil for UTC itself, which Go tells from a zone of offset 0.
  public let zoneOffset: Int?

  /// nil unless `nanoseconds` is below one second and Go can encode the offset: it is below 24 hours, and is not
  /// that of -1 minute, which stands for UTC on the wire.
  public init?(unixSeconds: Int64, nanoseconds: UInt32, zoneOffset: Int? = nil) {
    guard nanoseconds < Self.nanosecondsPerSecond else { return nil }
    if let zoneOffset {
      guard zoneOffset.magnitude < 24 * 3600, zoneOffset != -60 else { return nil }
    }
    seconds = unixSeconds &+ Self.unixEpoch
    self.nanoseconds = nanoseconds
    self.zoneOffset = zoneOffset
  }

  /// Reads the 15 bytes of version 1 or the 16 of version 2, whose last byte is the seconds of the zone's offset.
  init?(encoded bytes: [UInt8]) {
    guard bytes.count == 15 && bytes[0] == 1 || bytes.count == 16 && bytes[0] == 2 else { return nil }
    seconds = Int64(bitPattern: bigEndian(bytes[1..<9]))
    nanoseconds = UInt32(truncatingIfNeeded: bigEndian(bytes[9..<13]))
    let minutes = Int(Int16(truncatingIfNeeded: bigEndian(bytes[13..<15])))
    let odd = bytes.count == 16 ? Int(Int8(bitPattern: bytes[15])) : 0
    guard nanoseconds < Self.nanosecondsPerSecond, abs(odd) < 60 else { return nil }
    zoneOffset = minutes == -1 && odd == 0 ? nil : minutes * 60 + odd
  }

  /// Seconds since 1970-01-01 00:00:00 UTC. A peer may send any number: like Go's, the subtraction wraps.
  public var unixSeconds: Int64 { seconds &- Self.unixEpoch }

  var encoded: [UInt8] {
    let odd = (zoneOffset ?? 0) % 60
    let minutes = Int16(truncatingIfNeeded: zoneOffset.map { $0 / 60 } ?? -1)
    var bytes: [UInt8] = [odd == 0 ? 1 : 2]
    withUnsafeBytes(of: seconds.bigEndian) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: nanoseconds.bigEndian) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: minutes.bigEndian) { bytes.append(contentsOf: $0) }
    if odd != 0 { bytes.append(UInt8(truncatingIfNeeded: odd)) }
    return bytes
  }
}
