import Instances

/// How the domain's values look within a message. The reader checks each again: the sender may be taken over.
extension WireWriter {
  mutating func identifier(_ value: Identifier) { string(value.text) }

  mutating func address(_ value: IPv4Address) { integer(value.value) }

  mutating func bridge(_ value: TenantBridge) { string(value.name) }

  mutating func tenantSubnet(_ value: TenantSubnet) {
    identifier(value.tenant)
    string(value.subnet.description)
    identifier(value.concentrator)
    address(value.concentratorIP)
    string(value.key)
  }

  mutating func stack(_ stack: ImageStack) {
    integer(stack.format.rawValue)
    list(stack.below) {
      $0.string($1.name.text)
      $0.integer($1.format.rawValue)
    }
  }

  mutating func spec(_ spec: InstanceSpec) {
    identifier(spec.instance)
    identifier(spec.tenant)
    integer(spec.kind.rawValue)
    optional(spec.image) { $0.string($1.text) }
    optional(spec.container) { $0.container($1) }
    integer(spec.firmware.rawValue)
    integer(UInt32(spec.resources.vcpus))
    integer(UInt32(spec.resources.memoryMB))
    optional(spec.resources.diskMB) { $0.integer(UInt32($1)) }
    bool(spec.resources.isNetworkNode)
    let network = spec.network
    optional(network.mac) { $0.string($1.description) }
    optional(network.vnic) { $0.identifier($1) }
    optional(network.concentrator) { $0.identifier($1) }
    optional(network.concentratorIP) { $0.address($1) }
    optional(network.subnet) { $0.string($1.description) }
    optional(network.subnetKey) { $0.string($1) }
    optional(network.subnetID) { $0.identifier($1) }
    optional(network.privateIP) { $0.address($1) }
    optional(network.publicIP) { $0.address($1) }
    volumes(spec.volumes)
  }

  private mutating func volumes(_ volumes: VolumeList) {
    list(volumes.all) {
      $0.identifier($1.id)
      $0.integer(UInt8($1.slot))
      $0.bool($1.boots)
      $0.optional($1.ephemeralSize) { $0.integer(UInt32($1)) }
    }
  }

  mutating func volumeSource(_ source: VolumeSource) {
    switch source {
    case .file(let format):
      integer(UInt8(1))
      integer(format.rawValue)
    case .rbd: integer(UInt8(2))
    }
  }

  mutating func image(_ image: ImageReference) { string(image.text) }

  private mutating func container(_ container: ContainerSpec) {
    image(container.image)
    optional(container.hostName) { $0.string($1.text) }
    optional(container.command) { $0.list($1.words) { $0.string($1) } }
  }
}

extension WireReader {
  mutating func identifier() throws(WireError) -> Identifier {
    try parsed(limit: Identifier.maximumLength, "identifier") { Identifier($0) }
  }

  mutating func address() throws(WireError) -> IPv4Address { IPv4Address(value: try integer()) }

  mutating func subnet() throws(WireError) -> IPv4Subnet { try parsed(limit: 18, "subnet") { IPv4Subnet($0) } }

  mutating func bridge() throws(WireError) -> TenantBridge {
    try parsed(limit: TenantBridge.length, "bridge") { TenantBridge($0) }
  }

  mutating func tenantSubnet() throws(WireError) -> TenantSubnet {
    TenantSubnet(
      tenant: try identifier(), subnet: try subnet(), concentrator: try identifier(), concentratorIP: try address(),
      key: try string(limit: InstanceNetwork.maximumKeyLength))
  }

  mutating func imageName() throws(WireError) -> ImageName {
    try parsed(limit: ImageName.maximumLength, "image name") { ImageName($0) }
  }

  mutating func stack() throws(WireError) -> ImageStack {
    let format = try choice(ImageFormat.self)
    let below = try list(limit: ImageStack.maximumBelow) { (r) throws(WireError) in
      ImageStack.Layer(try r.imageName(), try r.choice())
    }
    guard let stack = ImageStack(format, over: below) else { throw WireError("images that cannot be laid so") }
    return stack
  }

  mutating func spec() throws(WireError) -> InstanceSpec {
    var spec = InstanceSpec(instance: try identifier(), tenant: try identifier(), kind: try choice())
    spec.image = try optional { (r) throws(WireError) in try r.imageName() }
    spec.container = try optional { (r) throws(WireError) in try r.container() }
    spec.firmware = try choice()
    spec.resources.vcpus = Int(try integer(UInt32.self))
    spec.resources.memoryMB = Int(try integer(UInt32.self))
    spec.resources.diskMB = try optional { (r) throws(WireError) in Int(try r.integer(UInt32.self)) }
    spec.resources.isNetworkNode = try bool()
    guard spec.resources.isSane else { throw WireError("resources out of bounds") }
    spec.network = try network()
    spec.volumes = try volumes()
    guard spec.isComplete else { throw WireError("an image that does not fit the kind of instance") }
    return spec
  }

  private mutating func volumes() throws(WireError) -> VolumeList {
    let volumes = try list(limit: VolumeList.maximum) { (r) throws(WireError) in
      Volume(
        try r.identifier(), slot: Int(try r.integer(UInt8.self)), boots: try r.bool(),
        ephemeralSize: try r.optional { (r) throws(WireError) in Int(try r.integer(UInt32.self)) })
    }
    guard let list = VolumeList(volumes) else { throw WireError("volumes that cannot stand beside each other") }
    return list
  }

  mutating func volumeSource() throws(WireError) -> VolumeSource {
    switch try integer(UInt8.self) {
    case 1: return .file(try choice())
    case 2: return .rbd
    case let kind: throw WireError("volume of kind \(kind)")
    }
  }

  mutating func image() throws(WireError) -> ImageReference {
    try parsed(limit: ImageReference.maximumLength, "image reference") { ImageReference($0) }
  }

  private mutating func container() throws(WireError) -> ContainerSpec {
    var container = ContainerSpec(image: try image())
    container.hostName = try optional { (r) throws(WireError) in
      try r.parsed(limit: HostName.maximumLength, "host name") { HostName($0) }
    }
    container.command = try optional { (r) throws(WireError) in
      let words = try r.list(limit: ContainerCommand.maximumWords) { (r) throws(WireError) in
        try r.string(limit: ContainerCommand.maximumBytes)
      }
      guard let command = ContainerCommand(words) else { throw WireError("a command of \(words.count) words") }
      return command
    }
    return container
  }

  private mutating func network() throws(WireError) -> InstanceNetwork {
    var network = InstanceNetwork()
    network.mac = try optional { (r) throws(WireError) in
      try r.parsed(limit: 17, "MAC address") { text in MACAddress(text).flatMap { $0.isMulticast ? nil : $0 } }
    }
    network.vnic = try optional { (r) throws(WireError) in try r.identifier() }
    network.concentrator = try optional { (r) throws(WireError) in try r.identifier() }
    network.concentratorIP = try optional { (r) throws(WireError) in try r.address() }
    network.subnet = try optional { (r) throws(WireError) in try r.subnet() }
    network.subnetKey = try optional { (r) throws(WireError) in
      try r.string(limit: InstanceNetwork.maximumKeyLength)
    }
    network.subnetID = try optional { (r) throws(WireError) in try r.identifier() }
    network.privateIP = try optional { (r) throws(WireError) in try r.address() }
    network.publicIP = try optional { (r) throws(WireError) in try r.address() }
    return network
  }
}
