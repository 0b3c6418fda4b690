import Glibc
import Instances
import Linux
import Settings
import Spawning

/// Where volumes are, looked at before the manager is confined.
enum VolumePlace {
  case folder(Descriptor, path: String)
  case rbd(RBDPool)

  /// nil: there are none.
  init?(_ location: VolumeLocation) throws(SystemError) {
    switch location {
    case .none: return nil
    case .folder(let path): self = .folder(try .open(path, O_RDONLY | O_DIRECTORY), path: path)
    case .rbd(let pool): self = .rbd(pool)
    }
  }

  var store: any VolumeStore {
    switch self {
    case .folder(let folder, let path): FileVolumes(folder, at: path)
    case .rbd(let pool): RBDVolumes(pool: pool)
    }
  }
}

/// Where the volumes of this node's instances come from.
protocol VolumeStore {
  /// Opens a volume for a machine; nil when there is none of this name.
  func open(_ volume: Identifier) throws -> OpenVolume?
  /// There is one of this name, so none is to be made for an instance.
  func has(_ volume: Identifier) throws -> Bool
}

/// A volume on its way to a machine.
struct OpenVolume {
  let backing: VolumeBacking
  /// nil: the machine opens it itself.
  let descriptor: Descriptor?
}

/// Why a volume cannot be used.
struct UnusableVolume: Error, CustomStringConvertible {
  let description: String

  init(_ volume: Identifier, _ why: String) { description = "volume \(volume): \(why)" }
}

/// A machine is to be left with nothing to boot from.
struct UnusableVolumes: Error, CustomStringConvertible {
  let description = "it has no image, and no other volume to boot from"
}
