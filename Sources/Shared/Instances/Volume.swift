/// A volume of an instance: a disk that may come and go while its machine runs, and that outlives it as a rule.
public struct Volume: Equatable, Sendable {
  /// GiB of one that is made for the instance: up to 64 TiB.
  public static let sizeAllowed = 1...65_536

  public let id: Identifier
  /// Its place among the instance's volumes, from 0: where the machine has its disk.
  public let slot: Int
  /// The machine boots from it.
  public let boots: Bool
  /// GiB: where there is no volume of this name, one of this size is made for the instance and goes with it.
  public let ephemeralSize: Int?

  public init(_ id: Identifier, slot: Int, boots: Bool = false, ephemeralSize: Int? = nil) {
    self.id = id
    self.slot = slot
    self.boots = boots
    self.ephemeralSize = ephemeralSize
  }

  /// Its numbers lie within their bounds.
  var isSane: Bool {
    (0..<VolumeList.maximum).contains(slot) && (ephemeralSize.map(Self.sizeAllowed.contains) ?? true)
  }
}

/// The volumes of one instance: each once, each in a slot of its own.
public struct VolumeList: Equatable, Sendable {
  /// A machine has a place for each from its start.
  public static let maximum = 8

  public private(set) var all: [Volume]

  public init() { all = [] }

  /// nil when there are too many, or two of them cannot stand beside each other.
  public init?(_ volumes: [Volume]) {
    guard volumes.count <= Self.maximum, volumes.allSatisfy(\.isSane), Set(volumes.map(\.id)).count == volumes.count,
      Set(volumes.map(\.slot)).count == volumes.count
    else { return nil }
    all = volumes
  }

  public var isEmpty: Bool { all.isEmpty }

  /// There is one to boot from.
  public var boots: Bool { all.contains(where: \.boots) }

  public subscript(id: Identifier) -> Volume? { all.first { $0.id == id } }

  /// Adds a volume in the first free slot; nil when there is none, or the volume is there already.
  public mutating func add(_ id: Identifier) -> Volume? {
    guard self[id] == nil,
      let slot = (0..<Self.maximum).first(where: { slot in !all.contains { $0.slot == slot } })
    else { return nil }
    let volume = Volume(id, slot: slot)
    all.append(volume)
    return volume
  }

  public mutating func remove(_ id: Identifier) { all.removeAll { $0.id == id } }
}

/// How a machine reads a volume.
public enum VolumeSource: Equatable, Sendable {
  /// A file in this format, which comes as a descriptor.
  case file(ImageFormat)
  /// An RBD image of the node's pool, which the machine opens itself.
  case rbd

  /// A descriptor comes with it.
  public var hasDescriptor: Bool {
    switch self {
    case .file: true
    case .rbd: false
    }
  }
}
