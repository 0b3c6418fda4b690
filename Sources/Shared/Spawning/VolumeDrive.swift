public import Instances
public import JSON

/// A volume as QEMU has it: in a slot of its machine, with names made of the slot's number.
///
/// QEMU opens no file for it: it uses the descriptor that it was handed, which it knows as a set of the slot's number.
public struct VolumeDrive: Equatable, Sendable {
  /// Bytes of a virtio disk's serial number.
  private static let serialLength = 20

  public let volume: Volume
  public let source: VolumeSource

  public init(_ volume: Volume, _ source: VolumeSource) {
    self.volume = volume
    self.source = source
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
    switch source {
    case .file(let format):
      var node: JSONObject = JSONObject()
      node["driver"] = .string(format.name)
      node["node-name"] = .string(Self.node(volume.slot))
      node["discard"] = "unmap"
      if format == .qcow2 { node["backing"] = .null }
      node["file"] = [
        "driver": "file", "filename": .string("/dev/fdset/\(volume.slot)"), "locking": "on", "discard": "unmap",
      ]
      return .object(node)
    }
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

/// Ephemeral volumes: made for an instance, in its folder.
public enum EphemeralVolume {
  public static func name(_ volume: Identifier) -> String { "volume-\(volume).qcow2" }

  /// The arguments with which qemu-img makes one in `folder`.
  static func arguments(in folder: String, _ volume: Identifier, gibibytes: Int) -> [String] {
    ["create", "-q", "-f", "qcow2", "\(folder)/\(name(volume))", "\(gibibytes)G"]
  }
}
