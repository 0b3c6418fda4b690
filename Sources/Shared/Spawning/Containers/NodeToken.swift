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

  private static func make(in instances: Descriptor) throws {
    let new = "\(fileName).new"
    try Files.remove(new, in: instances)
    try Files.create(new, Array(random().utf8), in: instances)
    try Files.sync(new, in: instances)
    try Files.move(new, in: instances, to: fileName, in: instances)
    try Files.sync(instances, named: "the instances folder")
  }

  private static func random() -> String {
    (0..<size).map { _ in
      let byte = UInt8.random(in: 0...255)
      return (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }
}
