public import Instances
public import JSON
public import Settings

/// A volume as QEMU has it: in a slot of its machine, with names made of the slot's number.
///
/// QEMU opens no file for it: it uses the descriptor that it was handed, which it knows as a set of the slot's number.
/// An RBD image it opens itself.
public struct VolumeDrive: Equatable, Sendable {
  /// Bytes of a virtio disk's serial number.
  private static let serialLength = 20

  public let volume: Volume
  public let backing: VolumeBacking

  public init(_ volume: Volume, _ backing: VolumeBacking) {
    self.volume = volume
    self.backing = backing
  }

  /// The name of its device; another name space than that of nodes.
  public static func device(_ slot: Int) -> String { "volume-\(slot)" }
  /// The name of its block node.
  public static func node(_ slot: Int) -> String { "volume-\(slot)" }
  /// The name of the port that its device is in.
  static func port(_ slot: Int) -> String { "volume-port-\(slot)" }

  /// What the guest finds it by, at /dev/disk/by-id/virtio-…: the beginning of the volume's UUID.
  private var serial: String { String(volume.id.text.prefix(Self.serialLength)) }

  /// Its block node, as -blockdev and blockdev-add take it. The format is said, and nothing below it is looked for.
  public var blockdev: JSONValue {
    var node: JSONObject = JSONObject()
    node["driver"] = .string(backing.format.name)
    node["node-name"] = .string(Self.node(volume.slot))
    node["discard"] = "unmap"
    if backing.format == .qcow2 { node["backing"] = .null }
    switch backing {
    case .file:
      node["file"] = [
        "driver": "file", "filename": .string("/dev/fdset/\(volume.slot)"), "locking": "on", "discard": "unmap",
      ]
    case .rbd(let pool): node["file"] = image(in: pool)
    }
    return .object(node)
  }

  private func image(in pool: RBDPool) -> JSONValue {
    var image: JSONObject = JSONObject()
    image["driver"] = "rbd"
    image["pool"] = .string(pool.pool)
    image["namespace"] = pool.namespace.map { .string($0) }
    image["image"] = .string(volume.id.text)
    image["conf"] = .string(RBDPool.configuration)
    image["user"] = .string(pool.user)
    image["discard"] = "unmap"
    return .object(image)
  }

  /// Its device, as -device and device_add take it.
  /// - bootIndex: nil: the machine does not boot from it.
  public func device(bootIndex: Int? = nil) -> JSONValue {
    var device: JSONObject = JSONObject()
    device["driver"] = "virtio-blk-pci"
    device["id"] = .string(Self.device(volume.slot))
    device["bus"] = .string(Self.port(volume.slot))
    device["drive"] = .string(Self.node(volume.slot))
    device["serial"] = .string(serial)
    device["bootindex"] = bootIndex.map { .int(Int64($0)) }
    return .object(device)
  }

  /// The ports that a machine has from its start: a disk can come into nothing else.
  static var ports: [String] {
    (0..<VolumeList.maximum).flatMap { ["-device", "pcie-root-port,id=\(port($0)),chassis=\($0 + 1)"] }
  }
}

/// What is behind a volume: a `VolumeSource` with what this node knows of it.
public enum VolumeBacking: Equatable, Sendable {
  /// A file in this format, which comes as a descriptor.
  case file(ImageFormat)
  /// An image of this pool.
  case rbd(RBDPool)

  /// nil where volumes are at another location.
  init?(_ source: VolumeSource, at location: VolumeLocation) {
    switch source {
    case .file(let format): self = .file(format)
    case .rbd:
      guard let pool = location.pool else { return nil }
      self = .rbd(pool)
    }
  }

  public var source: VolumeSource {
    switch self {
    case .file(let format): .file(format)
    case .rbd: .rbd
    }
  }

  fileprivate var format: ImageFormat {
    switch self {
    case .file(let format): format
    case .rbd: .raw
    }
  }
}

/// Ephemeral volumes: made for an instance, in its folder.
public enum EphemeralVolume {
  public static func name(_ volume: Identifier) -> String { "volume-\(volume).qcow2" }

  /// The arguments with which qemu-img makes one in `folder`.
  static func arguments(in folder: String, _ volume: Identifier, gibibytes: Int) -> [String] {
    ["create", "-q", "-f", "qcow2", "\(folder)/\(name(volume))", "\(gibibytes)G"]
  }
}
