import Instances

extension StartFields {
  /// What `storage` lists. Of each item `id`, `boot`, `ephemeral` or `local`, and `size` in GiB are read.
  func volumes() throws(FieldError) -> VolumeList {
    guard let node = try node(.storage) else { return VolumeList() }
    guard case .sequence(let items) = node else { throw FieldError(problem: "`storage` must be a list") }
    guard items.count <= VolumeList.maximum else {
      throw FieldError(problem: "`storage` has \(items.count) items; at most \(VolumeList.maximum) are taken")
    }
    var volumes: [Volume] = []
    for item in items { volumes.append(try Self.volume(item, slot: volumes.count)) }
    guard let list = VolumeList(volumes) else { throw FieldError(problem: "`storage` has a volume twice") }
    return list
  }

  private static func volume(_ item: YAMLNode, slot: Int) throws(FieldError) -> Volume {
    guard case .mapping = item, let id = item["id"]?.text.flatMap({ Identifier($0) }) else {
      throw FieldError(problem: "each of `storage` must be a mapping with an `id` that is a UUID")
    }
    let boots = try truth(item, "boot")
    let (isEphemeral, isLocal) = (try truth(item, "ephemeral"), try truth(item, "local"))
    let size = try size(item)
    return Volume(id, slot: slot, boots: boots, ephemeralSize: isEphemeral || isLocal ? size : nil)
  }

  private static func truth(_ item: YAMLNode, _ key: String) throws(FieldError) -> Bool {
    guard let node = item[key], !node.isNull else { return false }
    switch node {
    case .scalar("true", isPlain: true): return true
    case .scalar("false", isPlain: true): return false
    default: throw FieldError(problem: "`\(key)` of `storage` must be true or false")
    }
  }

  /// nil and 0 say the same: none is asked for.
  private static func size(_ item: YAMLNode) throws(FieldError) -> Int? {
    guard let node = item["size"], !node.isNull, node.integer != 0 else { return nil }
    guard let size = node.integer, Volume.sizeAllowed.contains(size) else {
      throw FieldError(problem: "`size` of `storage` must be a number of GiB in \(Volume.sizeAllowed)")
    }
    return size
  }

  func volumeTarget(nodeUUID: String) throws(FieldError) -> VolumeTarget {
    let target = VolumeTarget(instance: try instance(), volume: try required(.volume, "a UUID") { Identifier($0) })
    let agent = try required(.node, "a UUID") { Identifier($0) }
    guard agent.text.lowercased() == nodeUUID else {
      throw FieldError(problem: "`\(StartField.node.rawValue)` is \(agent), this node is \(nodeUUID)")
    }
    return target
  }
}
