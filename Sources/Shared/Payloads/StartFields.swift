import Instances

/// A field that cannot be used.
struct FieldError: Error {
  var problem: String
}

/// Validates the fields of a section and turns them into the domain's types.
struct StartFields {
  private let section: PayloadSection

  /// Refuses a section that is no mapping of unique keys within the bounds.
  init(_ section: PayloadSection) throws(FieldError) {
    if let problem = section.problem { throw FieldError(problem: problem) }
    self.section = section
  }

  func instance() throws(FieldError) -> Identifier {
    try required(.instance, "a UUID") { Identifier($0) }
  }

  func node() throws(FieldError) -> Identifier {
    try required(.node, "a UUID") { Identifier($0) }
  }

  /// Whether `name` is true; what says the same under the name of `migration` counts as well.
  func flag(_ name: StartField) throws(FieldError) -> Bool {
    var isSet = false
    for field in [name, .migration] {
      guard let node = try node(field) else { continue }
      guard let value = node.boolean else {
        throw FieldError(problem: "`\(field.rawValue)` must be true or false, without quotes")
      }
      isSet = isSet || value
    }
    return isSet
  }

  func spec() throws(FieldError) -> InstanceSpec {
    let instance = try instance()
    let tenant = try required(.tenant, "a UUID") { Identifier($0) }
    let kind = try optional(.kind, "qemu or docker") { InstanceKind(name: $0) } ?? .qemu
    let firmware = try optional(.firmware, "legacy or efi") { Firmware(name: $0) } ?? .efi
    var spec = InstanceSpec(instance: instance, tenant: tenant, kind: kind, firmware: firmware)
    switch kind {
    case .qemu:
      spec.volumes = try volumes()
      // Who boots from a volume needs no image.
      spec.image = try optional(.image, "an image's name") { ImageName($0) }
      if spec.image == nil, !spec.volumes.boots {
        throw FieldError(problem: "`\(StartField.image.rawValue)` is missing")
      }
    case .docker:
      spec.container = ContainerSpec(
        image: try required(.dockerImage, "a docker image's reference") { ImageReference($0) })
      spec.volumes = try volumes()
    }
    spec.resources = try resources()
    spec.network = try network()
    return spec
  }

  // MARK: Fields of text

  func required<Value>(
    _ field: StartField, _ what: String, _ parse: (String) -> Value?
  ) throws(FieldError) -> Value {
    guard let value = try optional(field, what, parse) else {
      throw FieldError(problem: "`\(field.rawValue)` is missing")
    }
    return value
  }

  private func optional<Value>(
    _ field: StartField, _ what: String, _ parse: (String) -> Value?
  ) throws(FieldError) -> Value? {
    try Self.optional(try node(field), name: field.rawValue, what, parse)
  }

  /// nil for a field that is missing, null or the empty string.
  private static func optional<Value>(
    _ node: YAMLNode?, name: String, _ what: String, _ parse: (String) -> Value?
  ) throws(FieldError) -> Value? {
    guard let node, !node.isNull, node.text != "" else { return nil }
    guard let text = node.text else { throw FieldError(problem: "`\(name)` must be \(what), not a list or mapping") }
    guard let value = parse(text) else { throw FieldError(problem: "`\(name)` is \(excerpt(text)), not \(what)") }
    return value
  }

  func node(_ field: StartField) throws(FieldError) -> YAMLNode? {
    guard let value = section.fields[field] else { return nil }
    if let problem = value.problem { throw FieldError(problem: "`\(field.rawValue)`: \(problem)") }
    return value.isAbsent ? nil : value.node
  }

  // MARK: requested_resources

  private func resources() throws(FieldError) -> Resources {
    var resources = Resources()
    guard let node = try node(.resources) else { return resources }
    guard case .sequence(let items) = node else { throw FieldError(problem: "`requested_resources` must be a list") }
    var seen: Set<String> = []
    for item in items {
      guard case .mapping = item, let type = item["type"]?.text else {
        throw FieldError(problem: "each of `requested_resources` must be a mapping with a `type`")
      }
      switch type {
      case "vcpus": resources.vcpus = try Self.value(item, of: type, Resources.vcpusAllowed)
      case "mem_mb": resources.memoryMB = try Self.value(item, of: type, Resources.memoryAllowed)
      case "disk_mb": resources.diskMB = try Self.value(item, of: type, Resources.diskAllowed)
      case "network_node": resources.isNetworkNode = try Self.value(item, of: type, 0...Int.max) != 0
      default: continue
      }
      guard seen.insert(type).inserted else {
        throw FieldError(problem: "`requested_resources` has \(excerpt(type)) twice")
      }
    }
    return resources
  }

  private static func value(
    _ item: YAMLNode, of type: String, _ allowed: ClosedRange<Int>
  ) throws(FieldError) -> Int {
    guard let value = item["value"]?.integer else {
      throw FieldError(problem: "the value of the resource `\(type)` must be a decimal number without quotes")
    }
    guard allowed.contains(value) else {
      throw FieldError(problem: "the value of the resource `\(type)` is \(value); \(allowed) is allowed")
    }
    return value
  }

  // MARK: networking

  private func network() throws(FieldError) -> InstanceNetwork {
    var network = InstanceNetwork()
    guard let node = try node(.networking) else { return network }
    guard case .mapping = node else { throw FieldError(problem: "`networking` must be a mapping") }
    func field<Value>(_ name: String, _ what: String, _ parse: (String) -> Value?) throws(FieldError) -> Value? {
      try Self.optional(node[name], name: name, what, parse)
    }
    network.mac = try field("vnic_mac", "the MAC address of a network card") { text in
      MACAddress(text).flatMap { $0.isMulticast ? nil : $0 }
    }
    network.vnic = try field("vnic_uuid", "a UUID") { Identifier($0) }
    network.concentrator = try field("concentrator_uuid", "a UUID") { Identifier($0) }
    network.concentratorIP = try field("concentrator_ip", "an IPv4 address") { IPv4Address($0) }
    network.subnet = try field("subnet", "an IPv4 subnet") { IPv4Subnet($0) }
    network.subnetID = try field("subnet_uuid", "a UUID") { Identifier($0) }
    network.privateIP = try field("private_ip", "an IPv4 address") { IPv4Address($0) }
    // Controllers may say here that there is one or none, which tells this node nothing.
    if node["public_ip"]?.boolean == nil {
      network.publicIP = try field("public_ip", "an IPv4 address") { IPv4Address($0) }
    }
    network.subnetKey = try subnetKey(node)
    return network
  }

  /// The key may be a secret: it never stands in a message.
  private func subnetKey(_ networking: YAMLNode) throws(FieldError) -> String? {
    guard let node = networking["subnet_key"], !node.isNull, node.text != "" else { return nil }
    guard let text = node.text, text.utf8.count <= InstanceNetwork.maximumKeyLength else {
      throw FieldError(
        problem: "`subnet_key` must be text of at most \(InstanceNetwork.maximumKeyLength) bytes")
    }
    return text
  }
}
