/// Reads JSON texts that come one a line, in pieces of any size, as QMP sends them. Lines end with LF or CR LF.
///
/// After each `feed`, call `next` until it returns nil. Memory is bounded: a line by `limits.bytes`, all that waits by
/// twice that, so feed at most `limits.bytes` at once.
public struct JSONStream: Sendable {
  private let limits: JSONLimits
  private var buffer: [UInt8] = []
  /// Where the first line that was not returned begins.
  private var start = 0
  /// Up to where no line end was found: each byte is looked at once, however small the pieces.
  private var searched = 0

  public init(limits: JSONLimits) {
    self.limits = limits
  }

  /// Appends bytes from the peer.
  public mutating func feed(_ bytes: some Collection<UInt8>) throws(JSONError) {
    let capacity = 2 * limits.bytes
    guard bytes.count <= capacity - (buffer.count - start) else {
      throw JSONError(offset: capacity, reason: .tooManyBytes(limit: capacity))
    }
    buffer.removeFirst(start)
    searched -= start
    start = 0
    buffer += bytes
  }

  /// The value of the next whole line, nil when there is none yet. Empty lines are skipped.
  ///
  /// A line that is not JSON throws and is consumed. A line beyond `limits.bytes` throws too; without its end in
  /// sight it stays, and the stream is of no more use.
  public mutating func next() throws(JSONError) -> JSONValue? {
    while let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
      var line = buffer[start..<end]
      start = end + 1
      searched = start
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      if !line.isEmpty { return try JSONValue(parsing: line, limits: limits) }
    }
    searched = buffer.count
    // The CR of a line end may have come without its LF.
    guard buffer.count - start <= limits.bytes + 1 else {
      throw JSONError(offset: limits.bytes, reason: .tooManyBytes(limit: limits.bytes))
    }
    return nil
  }
}
