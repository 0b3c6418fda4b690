import Channel

/// The requests of launcher-net's that have no answer yet, bounded for each channel: an honest launcher-net that comes
/// after one that was taken over finds room.
struct OpenRequests {
  /// Of one channel: twice what an honest one has open, so whoever exceeds it is not.
  static let maximum = 2 * NetToVMM.maximumInFlight
  /// Of channels that are gone, whose requests are carried out all the same.
  static let maximumOfEarlier = 8 * maximum

  /// How often each number is open.
  private var current: [UInt64: Int] = [:]
  private var count = 0
  private var earlier = 0

  mutating func open(_ number: UInt64) throws(WireError) {
    guard count < Self.maximum else { throw WireError("\(count) requests are open already") }
    guard earlier < Self.maximumOfEarlier else {
      throw WireError("\(earlier) requests of earlier channels are open already")
    }
    current[number, default: 0] += 1
    count += 1
  }

  /// The request has its answer.
  mutating func close(_ number: UInt64) {
    guard let times = current[number] else {
      earlier -= 1
      return
    }
    current[number] = times > 1 ? times - 1 : nil
    count -= 1
  }

  mutating func beginChannel() {
    earlier += count
    count = 0
    current = [:]
  }
}
