import Linux

/// What a taken-over launcher-net does with its end of the channel.
struct Attack {
  let name: String
  let run: (Line) -> Void

  init(_ name: String, _ run: @escaping (Line) -> Void) {
    self.name = name
    self.run = run
  }

  /// One datagram.
  private init(_ name: String, _ bytes: [UInt8], _ descriptors: [Descriptor] = []) {
    self.init(name) { $0.send(bytes, descriptors) }
  }

  static func all(on victim: String, image: String) throws -> [Attack] {
    try fields() + pieces() + descriptors(image) + floods(on: victim)
  }

  // MARK: fields

  private static let nobody = Line.nobody.text
  private static let kinds: [(name: String, fields: Fields)] = [
    ("START", .start(nobody)), ("START of a container", .container(nobody)), ("STOP", .target(2, nobody)),
    ("RESTART", .target(3, nobody)),
    ("DELETE", .target(4, nobody)), ("acknowledgement", .acknowledge), ("need of a channel", .needStatsChannel),
    ("withdrawal", .target(7, nobody)), ("EVACUATE", .node(8)), ("Restore", .node(9)),
    ("limits", .limits), ("AttachVolume", .volume(11, nobody)), ("DetachVolume", .volume(12, nobody)),
  ]

  /// It comes with the user-data.
  private static func isStart(_ name: String) -> Bool { name.hasPrefix("START") }

  private static func fields() throws -> [Attack] {
    let data = try SealedMemory.make("user-data", [])
    var attacks: [Attack] = []
    func add(_ name: String, _ field: String, _ what: String, _ bytes: [UInt8]) {
      guard let message = kinds.first(where: { $0.name == name })?.fields else { return }
      attacks.append(
        Attack("\(name) with \(field) \(what)", message.with(field, bytes).bytes, isStart(name) ? [data] : []))
    }
    for (name, _) in kinds {
      for byte: UInt8 in [0, 2, 255] { add(name, "version", "\(byte)", [byte]) }
      for byte: UInt8 in [0, 13, 255] { add(name, "kind", "\(byte)", [byte]) }
    }
    for name in ["EVACUATE", "Restore"] { add(name, "repeated", "2", [2]) }
    for name in ["START", "STOP", "RESTART", "DELETE", "withdrawal", "AttachVolume", "DetachVolume"] {
      add(name, "repeated", "2", [2])
      for (what, bytes) in Fields.badTexts { add(name, "instance", what, bytes) }
    }
    for (what, bytes) in Fields.badTexts {
      add("START", "tenant", what, bytes)
      for field in ["image", "mac", "vnic", "concentrator", "subnet", "subnet id", "scheduler"] {
        add("START", field, what, [1] + bytes)
      }
    }
    for field in ["type", "firmware", "network node", "meta-data", "container", "restart"] {
      add("START", field, "255", [255])
    }
    for field in ["image", "disk", "mac", "vnic", "concentrator address", "private address", "public address"] {
      add("START", field, "neither there nor absent", [2])
    }
    for field in ["vcpus", "memory"] {
      add("START", field, "none", Fields.number(0))
      add("START", field, "4294967295", Fields.number(.max))
    }
    add("START", "disk", "4294967295", [1] + Fields.number(.max))
    add("START", "image", "absent", [0])
    add("START", "type", "docker, of an image for qemu", [1])
    add("START", "container", "beside an image", [1] + Fields.string("image") + [0, 0])
    for (what, bytes) in Fields.badTexts {
      // This one names an image.
      if what != "\"a/b\"" { add("START of a container", "container", "of image \(what)", Fields.container(bytes)) }
      add("START of a container", "container", "on host \(what)", Fields.container(host: bytes))
    }
    let words: [(String, UInt32, [UInt8])] = [
      ("none", 0, []), ("4294967295", .max, Fields.string("a")), ("one of 2 GiB", 1, Fields.number(1 << 31) + [0x61]),
      ("one with a zero", 1, Fields.string("a\0b")),
      ("one of 10000 zeros", 1, Fields.string(String(repeating: "\0", count: 10_000))),
    ]
    for (what, count, bytes) in words {
      add("START of a container", "container", "of words: \(what)", Fields.container(count: count, words: bytes))
    }
    add("START", "subnet", "of 33 bits", [1] + Fields.string("10.0.0.0/33"))
    add("START", "subnet key", "of 256 bytes", [1] + Fields.string(String(repeating: "k", count: 256)))
    add("START", "mac", "of a group", [1] + Fields.string("01:00:5e:00:00:01"))
    for (what, bytes) in Fields.badTexts {
      for name in ["AttachVolume", "DetachVolume"] { add(name, "volume", what, bytes) }
      add("START", "volumes", "one that is \(what)", Fields.number(1) + Fields.volumes(bytes))
    }
    let more: [(String, UInt32, [UInt8])] = [
      ("in a ninth slot", 1, Fields.volumes(slot: 8)), ("that boots by 2", 1, Fields.volumes(boots: 2)),
      ("of no size", 1, Fields.volumes(size: [1] + Fields.number(0))),
      ("of 4294967295 GiB", 1, Fields.volumes(size: [1] + Fields.number(.max))),
      ("there twice", 2, Fields.volumes() + Fields.volumes(slot: 1)),
      ("in one slot", 2, Fields.volumes() + Fields.volumes(Fields.string("0b"))),
      ("4294967295 in number", .max, Fields.volumes()),
      ("nine in number", 9, (0..<9).flatMap { Fields.volumes(Fields.string("0\($0)"), slot: UInt8($0)) }),
    ]
    for (what, count, bytes) in more { add("START", "volumes", what, Fields.number(count) + bytes) }
    add("START", "scheduler", "on a node that is no network node", [1] + Fields.string("scheduler.example"))
    for field in ["memory limit", "disk limit"] {
      add("limits", field, "neither there nor absent", [2])
      add("limits", field, "neither true nor false", [1, 2])
    }
    return attacks
  }

  // MARK: datagrams

  private static func pieces() throws -> [Attack] {
    let data = try SealedMemory.make("user-data", [])
    var attacks: [Attack] = []
    for (name, fields) in kinds {
      let (bytes, descriptors) = (fields.bytes, isStart(name) ? [data] : [])
      for length in 1..<bytes.count {
        attacks.append(Attack("\(name), \(length) bytes of it", Array(bytes[..<length]), descriptors))
      }
      attacks.append(Attack("\(name) and a byte", bytes + [0], descriptors))
      attacks.append(Attack("\(name) with a descriptor too many", bytes, descriptors + [data]))
      attacks.append(Attack("\(name) with 8 descriptors", bytes, Array(repeating: data, count: 8)))
    }
    return attacks + [
      Attack("nothing", []), Attack("64 KiB of zeros", [UInt8](repeating: 0, count: 65_536)),
      Attack("more than 64 KiB", [1] + [UInt8](repeating: 255, count: 65_536)),
      Attack("START without a descriptor", Fields.start(nobody).bytes),
      Attack("START without the second descriptor", Fields.start(nobody, hasMetaData: true).bytes, [data]),
    ]
  }
}
