import Instances

/// The names of the fields of sections. Most are the start section's.
enum StartField: String, CaseIterable {
  case tenant = "tenant_uuid"
  case instance = "instance_uuid"
  case image = "image_uuid"
  case dockerImage = "docker_image"
  case firmware = "fw_type"
  case persistence = "persistence"
  case kind = "vm_type"
  case resources = "requested_resources"
  case networking = "networking"
  case storage = "storage"
  /// Of AttachVolume and DetachVolume.
  case volume = "volume_uuid"
  /// Of EVACUATE and Restore, AttachVolume and DetachVolume: the node.
  case node = "workload_agent_uuid"
  /// Of DELETE: the instance is to be removed from this node, and will go on elsewhere.
  case stop = "stop"
  /// Of START: the instance was there before, here or elsewhere.
  case restart = "restart"
  /// Of DELETE and START: what other senders call `stop` and `restart`.
  case migration = "migration"

  /// It may stand beside the start section as well. The others could be a cloud-config's own.
  var mayStandBeside: Bool {
    switch self {
    case .storage, .volume, .node, .stop, .restart, .migration: false
    default: true
    }
  }
}

/// The value of one field as it stands in the payload.
struct FieldValue {
  var node: YAMLNode
  /// Why it cannot be used: beyond the bounds, anchors, keys that occur twice.
  var problem: String?

  /// Null and the empty string say the same as no field at all.
  var isAbsent: Bool { problem == nil && (node.isNull || node.text == "") }

  /// Values of one field: room for about fifty resources.
  static let nodes = 512
  /// Bytes of a scalar: twice the longest, a docker image reference.
  static let scalarBytes = 2 * ImageReference.maximumLength

  /// Reads the value that begins with `event`, the one that `reader` has read last.
  init(
    _ event: YAMLEventReader.Event, from reader: YAMLEventReader, nodes: Int = FieldValue.nodes,
    scalarBytes: Int = FieldValue.scalarBytes
  ) throws(YAMLError) {
    var builder = YAMLTreeBuilder(reader, nodes: nodes, scalarBytes: scalarBytes)
    node = try builder.node(event)
    problem = builder.problem
  }
}

/// What stands below the command's key: the fields launcher knows.
struct PayloadSection {
  private(set) var fields: [StartField: FieldValue] = [:]
  /// Why it cannot be used, apart from what is wrong with a single field.
  private(set) var problem: String?

  /// Keys of a section, known or not.
  private static let keys = 256
  /// Bytes of a key that is looked at; libyaml takes no longer ones but in the rare `? key` notation.
  private static let keyBytes = 1024
  /// Characters of a section.
  private static let length = 64 << 10

  /// Reads the value that begins with `event`, the one that `reader` has read last.
  init(_ event: YAMLEventReader.Event, from reader: YAMLEventReader) throws(YAMLError) {
    if event.isReference { note("an anchor or alias is not allowed in the section") }
    switch event.kind {
    case .mappingStart:
      try readFields(from: reader)
      if reader.contentEnd - event.start.index > Self.length {
        note("the section is longer than \(Self.length) characters")
      }
    case .scalar(isPlain: true):
      if let text = reader.scalarText(limit: Self.keyBytes), YAMLNode.scalar(text, isPlain: true).isNull { return }
      note("the section is no mapping")
    default:
      try reader.skip(event)
      note("the section is no mapping")
    }
  }

  private mutating func readFields(from reader: YAMLEventReader) throws(YAMLError) {
    var names: Set<String> = []
    while true {
      let key = try reader.next()
      if key.kind == .mappingEnd { return }
      let name = reader.scalarText(limit: Self.keyBytes)
      if try reader.skip(key) { note("an anchor or alias is not allowed in the section") }
      let value = try reader.next()
      var isNew = true
      if let name, names.count < Self.keys {
        isNew = names.insert(name).inserted
        if !isNew { note("the key \(excerpt(name)) occurs twice in the section") }
      } else if name != nil {
        note("the section has more than \(Self.keys) keys")
      }
      if isNew, let field = name.flatMap(StartField.init), fields[field] == nil {
        fields[field] = try FieldValue(value, from: reader)
      } else if try reader.skip(value) {
        note("an anchor or alias is not allowed in the section")
      }
    }
  }

  mutating func note(_ text: String) {
    if problem == nil { problem = text }
  }

  /// Takes over a field that stands beside the section, unless the section has it; says whether it did.
  mutating func adopt(_ field: StartField, _ value: FieldValue) -> Bool {
    guard fields[field]?.isAbsent ?? true else { return false }
    fields[field] = value
    return true
  }

  /// The instance that the section names, if the name can be used.
  var instance: Identifier? { identifier(.instance) }
  /// The same for a volume.
  var volume: Identifier? { identifier(.volume) }

  private func identifier(_ field: StartField) -> Identifier? {
    guard let value = fields[field], value.problem == nil else { return nil }
    return value.node.text.flatMap { Identifier($0) }
  }

  /// `name`, or `migration`, says so beyond doubt.
  func says(_ name: StartField) -> Bool {
    [name, .migration].contains { fields[$0].map { $0.problem == nil && $0.node.boolean == true } ?? false }
  }
}
