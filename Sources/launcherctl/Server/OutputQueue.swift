/// Bytes that wait to be written.
struct OutputQueue {
  private var bytes: [UInt8] = []
  private var head = 0

  var count: Int { bytes.count - head }
  var isEmpty: Bool { count == 0 }
  /// What is written next.
  var waiting: ArraySlice<UInt8> { bytes[head...] }

  mutating func append(_ more: [UInt8]) { bytes += more }

  /// Forgets what was written from the front.
  mutating func drop(_ written: Int) {
    head += written
    // The front is cut off rarely, so that many small writes do not move all the rest each time.
    guard head >= bytes.count / 2 else { return }
    bytes.removeFirst(head)
    head = 0
  }
}
