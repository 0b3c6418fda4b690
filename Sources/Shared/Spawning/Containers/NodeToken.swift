import Glibc
import Instances
import Linux

/// What this node's containers are known by: launchers that share one container engine do not touch each other's.
///
/// A random name, kept in the folder of instances and made with the first container.
struct NodeToken {
  static let fileName = ".container-node"
  /// Bytes of randomness: nobody guesses it, so no image can carry it as its own label.
  private static let size = 16

  let id: Identifier

  struct Unusable: Error, CustomStringConvertible {
    let description: String
  }

  init(in instances: Descriptor) throws {
    if faccessat(instances.raw, Self.fileName, F_OK, 0) != 0 { try Self.make(in: instances) }
    let file = try Descriptor.open(Self.fileName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, in: instances)
    let text = String(
      decoding: try Files.read(file, named: Self.fileName, limit: Identifier.maximumLength), as: UTF8.self)
    guard let id = Identifier(text), text.utf8.count == 2 * Self.size else {
      throw Unusable(
        description: "\(Self.fileName) in the instances folder is damaged: it says which containers are this node's. "
          + "Restore it; a label `launcher.node` of a container that is left shows what it said")
    }
    self.id = id
  }

  /// Another launcher-vmm may do the same at this moment: who holds the folder is decided later. The first name counts.
  private static func make(in instances: Descriptor) throws {
    let token = random()
    let new = "\(fileName).\(token)"
    try Files.create(new, Array(token.utf8), in: instances)
    do {
      try Files.sync(new, in: instances)
      try Files.move(new, in: instances, to: fileName, in: instances)
    } catch {
      try Files.remove(new, in: instances)
      guard error.code == EEXIST else { throw error }
    }
    try Files.sync(instances, named: "the instances folder")
  }

  private static func random() -> String {
    (0..<size).map { _ in
      let byte = UInt8.random(in: 0...255)
      return (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }
}
