import Glog
import JSON

/// What happened, the last of it: a bounded list of entries, each a JSON object as one line.
final class Journal {
  /// What a reader finds at its place.
  enum Reading: Equatable {
    case entry([UInt8])
    /// So many entries went before they were read.
    case missed(UInt64)
    case nothingYet
  }

  private let capacity: Int
  /// Entry n is at index n modulo the capacity.
  private var entries: [[UInt8]] = []
  /// Number of the next entry.
  private(set) var end: UInt64 = 0
  var onAppend: (() -> Void)?

  init(capacity: Int = ServerLimits.journalEntries) { self.capacity = capacity }

  /// Number of the oldest entry that is left.
  var start: UInt64 { end - UInt64(entries.count) }

  /// Adds an entry, with the time of now.
  func append(_ kind: String, _ members: KeyValuePairs<String, JSONValue?>) {
    var item = JSONObject()
    item["time"] = .string(WallClock.now())
    item["kind"] = .string(kind)
    for (key, value) in members where value != nil { item[key] = value }
    log.verbose(Server.verbosity) { EventLine.text(.object(item)) }
    let line = JSONValue.object(item).serialized()
    if entries.count < capacity { entries.append(line) } else { entries[Int(end % UInt64(capacity))] = line }
    end += 1
    onAppend?()
  }

  /// The entry at `place`, which moves on behind it.
  func read(_ place: inout UInt64) -> Reading {
    if place < start {
      defer { place = start }
      return .missed(start - place)
    }
    guard place < end else { return .nothingYet }
    defer { place += 1 }
    return .entry(entries[Int(place % UInt64(capacity))])
  }
}
