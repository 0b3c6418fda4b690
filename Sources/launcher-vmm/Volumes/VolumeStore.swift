import Glibc
import Instances
import Linux
import Settings

/// Where volumes are, looked at before the manager is confined.
enum VolumePlace {
  case folder(Descriptor, path: String)

  /// nil: there are none.
  init?(_ location: VolumeLocation) throws(SystemError) {
    switch location {
    case .none: return nil
    case .folder(let path): self = .folder(try .open(path, O_RDONLY | O_DIRECTORY), path: path)
    }
  }

  var store: any VolumeStore {
    switch self {
    case .folder(let folder, let path): FileVolumes(folder, at: path)
    }
  }
}

/// Where the volumes of this node's instances come from.
protocol VolumeStore {
  /// Opens a volume for a machine; nil when there is none of this name.
  func open(_ volume: Identifier) throws -> OpenVolume?
}

/// A volume on its way to a machine.
struct OpenVolume {
  let source: VolumeSource
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
