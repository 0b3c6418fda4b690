import Channel

/// The fields of a message, each by its name and its bytes, so that any of them can be another.
struct Fields {
  private var fields: [(name: String, bytes: [UInt8])]

  var bytes: [UInt8] { fields.flatMap(\.bytes) }

  func with(_ name: String, _ bytes: [UInt8]) -> Fields {
    Fields(fields: fields.map { $0.name == name ? (name, bytes) : $0 })
  }

  /// START of an instance whose image is not there.
  static func start(_ instance: String, hasMetaData: Bool = false) -> Fields {
    Fields(fields: [
      ("version", [1]), ("kind", [1]), ("request", [7, 0, 0, 0, 0, 0, 0, 0]), ("repeated", [0]),
      ("instance", string(instance)), ("tenant", string("0a")), ("type", [0]), ("image", [1] + string("absent")),
      ("container", [0]), ("firmware", [0]), ("vcpus", number(1)), ("memory", number(64)), ("disk", [0]),
      ("network node", [0]), ("mac", [0]), ("vnic", [0]), ("concentrator", [0]), ("concentrator address", [0]),
      ("subnet", [0]), ("subnet key", [0]), ("subnet id", [0]), ("private address", [0]), ("public address", [0]),
      ("volumes", number(0)),
      ("meta-data", [hasMetaData ? 1 : 0]), ("scheduler", [0]),
      ("restart", [0]),
    ])
  }

  /// START of a container.
  static func container(_ instance: String) -> Fields {
    start(instance).with("type", [1]).with("image", [0]).with("container", container())
  }

  /// What a START says of a container: its image, and if given its host's name and its command's words.
  static func container(
    _ image: [UInt8] = string("image"), host: [UInt8]? = nil, count: UInt32? = nil, words: [UInt8] = []
  ) -> [UInt8] {
    [1] + image + (host.map { [1] + $0 } ?? [0]) + (count.map { [1] + number($0) + words } ?? [0])
  }

  /// STOP, RESTART or DELETE, of either kind.
  static func target(_ kind: UInt8, _ instance: String) -> Fields {
    Fields(fields: [
      ("version", [1]), ("kind", [kind]), ("request", [8, 0, 0, 0, 0, 0, 0, 0]), ("repeated", [0]),
      ("instance", string(instance)),
    ])
  }

  /// EVACUATE or Restore.
  static func node(_ kind: UInt8) -> Fields {
    Fields(fields: [
      ("version", [1]), ("kind", [kind]), ("request", [6, 0, 0, 0, 0, 0, 0, 0]), ("repeated", [0]),
    ])
  }

  /// AttachVolume or DetachVolume.
  static func volume(_ kind: UInt8, _ instance: String) -> Fields {
    Fields(fields: target(kind, instance).fields + [("volume", string("0a"))])
  }

  /// One volume of a START, in a list.
  static func volumes(_ id: [UInt8] = string("0a"), slot: UInt8 = 0, boots: UInt8 = 1, size: [UInt8] = [0]) -> [UInt8] {
    id + [slot, boots] + size
  }

  static let acknowledge = Fields(fields: [("version", [1]), ("kind", [5]), ("number", [9, 0, 0, 0, 0, 0, 0, 0])])
  static let limits = limits(memory: true)
  static func limits(memory: Bool) -> Fields {
    Fields(fields: [
      ("version", [1]), ("kind", [10]), ("memory limit", [1, memory ? 1 : 0]), ("disk limit", [0]),
    ])
  }

  static let needStatsChannel = Fields(fields: [("version", [1]), ("kind", [6])])

  static func string(_ text: String) -> [UInt8] { number(UInt32(text.utf8.count)) + Array(text.utf8) }

  static func number(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

  /// Texts that are no name of anything, and lengths that lie.
  static let badTexts: [(what: String, bytes: [UInt8])] =
    ["", "../../etc/passwd", "/etc/passwd", ".", "a/b", "a,b", "a b", "-a\n", "a\0b", "ü", "a:b:c", "%s%n"]
    .map { ("\"\($0.unicodeScalars.map { $0.escaped(asASCII: true) }.joined())\"", string($0)) } + [
      ("10000 bytes", string(String(repeating: "a", count: 10_000))),
      ("bytes that are not UTF-8", number(2) + [0xff, 0xfe]),
      ("4 GiB", number(.max) + [0x61]), ("2 GiB", number(1 << 31) + [0x61]),
      ("a length beyond the end", number(70) + [0x61]),
    ]
}
