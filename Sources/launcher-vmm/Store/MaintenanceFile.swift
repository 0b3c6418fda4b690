import Glibc
import JSON
import Linux

/// The file that says that this node is in maintenance; there is none while it is not.
struct MaintenanceFile: Equatable {
  /// How far EVACUATE has come.
  enum Progress: String {
    /// Instances are to be stopped yet.
    case evacuating
    case evacuated
  }

  /// In the folder of instances. No instance has such a name.
  static let name = ".maintenance"
  static let version: Int64 = 1
  static let limits = JSONLimits(bytes: 4096, depth: 4, nodes: 16)

  var progress: Progress

  struct Unreadable: Error, CustomStringConvertible {
    let description: String
  }

  init(_ progress: Progress) { self.progress = progress }

  var bytes: [UInt8] {
    var top = JSONObject()
    top["version"] = .int(Self.version)
    top["progress"] = .string(progress.rawValue)
    return JSONValue.object(top).prettySerialized()
  }

  init(bytes: [UInt8]) throws {
    let json = try JSONValue(parsing: bytes, limits: Self.limits)
    guard let version = json["version"]?.int else { throw Unreadable(description: "no version") }
    guard version == Self.version else {
      throw Unreadable(description: "version \(version), this launcher knows version \(Self.version)")
    }
    guard let progress = json["progress"]?.string.flatMap(Progress.init) else {
      throw Unreadable(description: "no progress")
    }
    self.init(progress)
  }

  /// nil: there is none.
  static func read(in folder: Descriptor) throws -> MaintenanceFile? {
    let file: Descriptor
    do {
      file = try Descriptor.open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, in: folder)
    } catch {
      guard error.code == ENOENT else { throw error }
      return nil
    }
    return try MaintenanceFile(bytes: Files.read(file, named: name, limit: limits.bytes))
  }

  func write(in folder: Descriptor) throws(SystemError) {
    try Files.replace(Self.name, with: bytes, in: folder)
  }

  /// Removes it durably, if it is there.
  static func remove(from folder: Descriptor) throws(SystemError) {
    try Files.remove(name, in: folder)
    try Files.sync(folder, named: "folder of \(name)")
  }
}
