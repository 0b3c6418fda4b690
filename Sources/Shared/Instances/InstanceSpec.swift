/// How an instance's machine boots (`fw_type`).
public enum Firmware: UInt8, Sendable, CaseIterable {
  case legacy = 0
  case efi = 1

  /// nil unless `name` is a documented value.
  public init?(name: String) {
    switch name {
    case "legacy": self = .legacy
    case "efi": self = .efi
    default: return nil
    }
  }

  public var name: String { self == .legacy ? "legacy" : "efi" }
}

/// What runs an instance (`vm_type`).
public enum InstanceKind: UInt8, Sendable, CaseIterable {
  case qemu = 0
  case docker = 1

  /// nil unless `name` is a documented value.
  public init?(name: String) {
    switch name {
    case "qemu": self = .qemu
    case "docker": self = .docker
    default: return nil
    }
  }

  public var name: String { self == .qemu ? "qemu" : "docker" }
}

/// The resources an instance gets (`requested_resources`), within bounds that no real machine exceeds.
public struct Resources: Equatable, Sendable {
  public static let vcpusAllowed = 1...256
  /// MiB: up to 16 TiB.
  public static let memoryAllowed = 1...16_777_216
  /// 10^6 bytes: up to 64 TB.
  public static let diskAllowed = 1...64_000_000
  public static let defaultVCPUs = 1
  /// MiB.
  public static let defaultMemoryMB = 256

  public var vcpus = Resources.defaultVCPUs
  /// MiB of guest memory.
  public var memoryMB = Resources.defaultMemoryMB
  /// Size of the disk in 10^6 bytes; nil: as large as its backing image.
  public var diskMB: Int?
  /// The instance is a tenant's network node (`network_node: 1`).
  public var isNetworkNode = false

  public init() {}

  /// Every number lies within its bounds.
  public var isSane: Bool {
    Self.vcpusAllowed.contains(vcpus) && Self.memoryAllowed.contains(memoryMB)
      && (diskMB.map(Self.diskAllowed.contains) ?? true)
  }
}

/// An instance's place in its tenant's network (`networking`).
public struct InstanceNetwork: Equatable, Sendable {
  public var mac: MACAddress?
  public var vnic: Identifier?
  public var concentrator: Identifier?
  public var concentratorIP: IPv4Address?
  public var subnet: IPv4Subnet?
  /// Opaque to launcher, at most `maximumKeyLength` bytes.
  public var subnetKey: String?
  public var subnetID: Identifier?
  public var privateIP: IPv4Address?
  public var publicIP: IPv4Address?

  public static let maximumKeyLength = 255

  public init() {}
}

/// What START asks for, validated: the whole of the `start` section but the guest's own data.
public struct InstanceSpec: Equatable, Sendable {
  public var instance: Identifier
  public var tenant: Identifier
  public var kind: InstanceKind
  /// The backing image of a virtual machine; nil for a container, and for one that boots from a volume.
  public var image: ImageName?
  /// nil for a virtual machine.
  public var container: ContainerSpec?
  public var firmware: Firmware
  public var resources: Resources
  public var network: InstanceNetwork
  /// What is attached; what AttachVolume and DetachVolume change.
  public var volumes = VolumeList()

  /// Port from which on a concentrator forwards to its instances' ssh.
  private static let firstSSHPort = 33_000

  /// Where the concentrator forwards to the guest's ssh: its address, and a port made of the last two bytes of the
  /// guest's. nil for a tenant's network node, which stands behind none, and where an address is missing or the
  /// port would be none.
  public var sshAddress: (ip: IPv4Address, port: UInt16)? {
    guard !resources.isNetworkNode, let concentrator = network.concentratorIP, let guest = network.privateIP,
      let port = UInt16(exactly: Self.firstSSHPort + Int(guest.value & 0xffff))
    else { return nil }
    return (concentrator, port)
  }

  /// A machine has something to boot from, a container its image, and neither what is the other's.
  public var isComplete: Bool {
    switch kind {
    case .qemu: container == nil && (image != nil || volumes.boots)
    case .docker: container != nil && image == nil
    }
  }

  public init(
    instance: Identifier, tenant: Identifier, kind: InstanceKind = .qemu, image: ImageName? = nil,
    container: ContainerSpec? = nil, firmware: Firmware = .efi, resources: Resources = Resources(),
    network: InstanceNetwork = InstanceNetwork()
  ) {
    self.instance = instance
    self.tenant = tenant
    self.kind = kind
    self.image = image
    self.container = container
    self.firmware = firmware
    self.resources = resources
    self.network = network
  }
}
