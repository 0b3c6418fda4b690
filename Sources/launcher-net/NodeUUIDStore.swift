import Glibc
import Linux
import SSNTP

/// The node's persistent SSNTP UUID: one for each role, made at first use.
enum NodeUUIDStore {
  struct Unusable: Error, CustomStringConvertible {
    let description: String
  }

  private static let folders = ["local", "uuid-storage", "role", "client"]
  /// Bytes: the text has 36, an editor may have added a line end.
  private static let fileLimit = 64

  static func load(role: Role, below stateFolder: String) throws -> NodeUUID {
    var path = stateFolder
    var folder = try Descriptor.open(stateFolder, O_RDONLY | O_DIRECTORY)
    for name in folders {
      path += "/" + name
      folder = try Files.ensureFolder(name, in: folder)
    }
    let name = "0x" + String(role.rawValue, radix: 16)
    path += "/" + name
    let file: Descriptor
    do {
      file = try Descriptor.open(name, O_RDONLY | O_NONBLOCK, in: folder)
    } catch {
      // Only a file that is not there makes this a new node; one that cannot be read is its identity all the same.
      guard error.code == ENOENT else { throw Unusable(description: "\(path): \(error)") }
      let uuid = NodeUUID.random()
      try Files.replace(name, with: Array(uuid.description.utf8), mode: 0o644, in: folder)
      return uuid
    }
    let text = String(decoding: try Files.read(file, named: path, limit: fileLimit), as: UTF8.self)
    guard let uuid = NodeUUID(text.prefix { !$0.isWhitespace }) else {
      throw Unusable(description: "\(path): holds no UUID; restore the node's, or remove the file to be a new node")
    }
    return uuid
  }
}
