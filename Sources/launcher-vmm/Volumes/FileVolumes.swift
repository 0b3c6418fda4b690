import Glibc
import Instances
import Linux
import Spawning

/// Volumes that are files of one folder.
///
/// What a file is its name says, which no guest can change: the guest of a raw one may write the header of any other
/// format into it.
struct FileVolumes: VolumeStore {
  /// What follows the volume's name, and what it says.
  private static let names: [(suffix: String, format: ImageFormat)] = [
    ("", .raw), (".raw", .raw), (".qcow2", .qcow2),
  ]

  private let folder: Descriptor
  private let path: String

  init(_ folder: Descriptor, at path: String) {
    self.folder = folder
    self.path = path
  }

  func open(_ volume: Identifier) throws -> OpenVolume? {
    var found: [(name: String, volume: OpenVolume)] = []
    for (suffix, format) in Self.names {
      let name = volume.text + suffix
      guard let file = try Self.open(name, format, of: volume, in: folder) else { continue }
      found.append((name, OpenVolume(backing: .file(format), descriptor: file)))
    }
    guard found.count <= 1 else {
      throw UnusableVolume(
        volume, "\(path) has \(found.map(\.name).joined(separator: " and ")): leave the one that is meant")
    }
    return found.first?.volume
  }

  func has(_ volume: Identifier) throws -> Bool { try open(volume) != nil }

  /// The volume that was made for an instance; nil when there is none.
  static func openOwn(_ volume: Identifier, in folder: InstanceStore.Folder) throws -> OpenVolume? {
    try open(EphemeralVolume.name(volume), .qcow2, of: volume, in: folder.handle).map {
      OpenVolume(backing: .file(.qcow2), descriptor: $0)
    }
  }

  private static func open(_ name: String, _ format: ImageFormat, of volume: Identifier, in folder: Descriptor) throws
    -> Descriptor?
  {
    let file: Descriptor
    do throws(SystemError) {
      // Not blocking: of a pipe that somebody put there.
      file = try .open(name, O_RDWR | O_NOFOLLOW | O_NONBLOCK, in: folder)
    } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
    guard try file.status().st_mode & S_IFMT == S_IFREG else { throw UnusableVolume(volume, "\(name) is no file") }
    if format == .qcow2 { try checkHeader(of: file, volume) }
    return file
  }

  /// The header of a file that machines write: it may lead nowhere.
  private static func checkHeader(of file: Descriptor, _ volume: Identifier) throws {
    do {
      let header = try ImageHeader(of: file)
      guard header.format == .qcow2 else { throw UnusableVolume(volume, "its name says qcow2, its header does not") }
      guard header.below == nil else { throw UnusableVolume(volume, "it is laid over another file") }
    } catch let problem as ImageHeader.Problem {
      throw UnusableVolume(volume, "\(problem)")
    }
  }
}
