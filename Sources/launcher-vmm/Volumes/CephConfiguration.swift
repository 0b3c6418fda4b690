/// What ceph.conf says of how long a client of Ceph waits for a monitor.
enum CephConfiguration {
  static let option = "client_mount_timeout"
  /// Seconds where nobody says otherwise, or what Ceph cannot read.
  static let defaultTimeout = 300

  enum Timeout: Equatable {
    case seconds(Int)
    /// Not a number of whole seconds.
    case unreadable(String)

    fileprivate init(_ value: String) {
      let digits = value.prefix { $0.isASCII && $0.isWholeNumber }
      let unit = value.dropFirst(digits.count).drop(while: isBlank)
      if ["", "s", "sec"].contains(unit), let seconds = Int(digits) {
        self = .seconds(seconds)
      } else {
        self = .unreadable(value)
      }
    }
  }

  /// nil: it is not there. Of its sections the one that is closest to the client counts, and there the last line.
  static func mountTimeout(in text: String, of client: String) -> Timeout? {
    var found: [String: Timeout] = [:]
    // What stands before all sections counts as theirs.
    var section = "global"
    for line in text.split(whereSeparator: \.isNewline) {
      let content = trimmed(line.prefix { $0 != "#" && $0 != ";" })
      if content.first == "[", content.last == "]" { section = String(content.dropFirst().dropLast()) }
      let parts = content.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, name(parts[0]) == option else { continue }
      found[section] = Timeout(trimmed(parts[1].filter { $0 != "\"" }))
    }
    return found[client] ?? found["client"] ?? found["global"]
  }

  /// Ceph takes spaces for underscores.
  private static func name(_ key: Substring) -> String {
    key.split { isBlank($0) || $0 == "_" }.joined(separator: "_")
  }

  private static func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }

  private static func trimmed(_ text: some StringProtocol) -> String {
    let start = text.drop(while: isBlank)
    return String(String(start.reversed().drop(while: isBlank).reversed()))
  }
}
