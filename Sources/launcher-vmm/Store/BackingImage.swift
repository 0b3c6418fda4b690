import Channel
import Glibc
import Instances
import JSON
import Linux

/// What launcher knows of a backing image, read once when an instance is made from it.
struct BackingImage: Equatable {
  struct Unusable: Error, CustomStringConvertible {
    let description: String
  }

  let name: ImageName
  let format: ImageFormat
  /// Bytes.
  let virtualSize: Int

  /// Bytes: what no disk of an instance exceeds. An image may come from a tenant, so its header promises anything.
  private static let largest = Resources.diskAllowed.upperBound * 1_000_000

  /// The header of a qcow2 file begins with this (QEMU, docs/interop/qcow2.txt).
  private static let qcow2Magic: [UInt8] = [0x51, 0x46, 0x49, 0xfb]
  private static let headerSize = 104
  /// Bit 2 of the incompatible features: the data is in another file.
  private static let externalDataFile: UInt64 = 1 << 2

  /// Looks at `name` in the images folder. The images are the operator's, and read-only to machines, so their
  /// headers are not guest-writable; still, a header that leads to another file is refused.
  init(_ name: ImageName, in images: Descriptor) throws {
    let file: Descriptor
    do {
      file = try Descriptor.open(name.text, O_RDONLY | O_NONBLOCK, in: images)
    } catch {
      throw Unusable(description: "backing image \(name): \(error)")
    }
    let status = try file.status()
    guard status.st_mode & S_IFMT == S_IFREG else { throw Unusable(description: "backing image \(name): no file") }
    let header = try file.read(at: 0, count: Self.headerSize)
    self.name = name
    guard header.starts(with: Self.qcow2Magic) else {
      guard status.st_size > 0 else { throw Unusable(description: "backing image \(name): empty") }
      guard status.st_size <= Self.largest else {
        throw Unusable(
          description: "backing image \(name): \(status.st_size) bytes, at most \(Self.largest) are allowed")
      }
      format = .raw
      virtualSize = Int(status.st_size)
      return
    }
    format = .qcow2
    guard header.count == Self.headerSize else { throw Unusable(description: "backing image \(name): cut off") }
    func field(_ offset: Int) -> UInt64 { header[offset..<offset + 8].reduce(0) { $0 << 8 | UInt64($1) } }
    let version = header[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
    guard version == 2 || version == 3 else {
      throw Unusable(description: "backing image \(name): qcow2 version \(version)")
    }
    guard field(8) == 0 else { throw Unusable(description: "backing image \(name): has a backing file of its own") }
    guard version == 2 || field(72) & Self.externalDataFile == 0 else {
      throw Unusable(description: "backing image \(name): keeps its data in another file")
    }
    guard let size = Int(exactly: field(24)), size > 0, size <= Self.largest else {
      throw Unusable(description: "backing image \(name): virtual size \(field(24))")
    }
    virtualSize = size
  }

  init?(json: JSONValue) {
    guard let name = json["name"]?.string.flatMap({ ImageName($0) }),
      let format = json["format"]?.string.flatMap({ ImageFormat(name: $0) }), let size = json["virtual_size"]?.int,
      size > 0
    else { return nil }
    self.name = name
    self.format = format
    virtualSize = Int(size)
  }

  var json: JSONValue {
    ["name": .string(name.text), "format": .string(format.name), "virtual_size": .int(Int64(virtualSize))]
  }
}

extension BackingImage {
  /// The task of making an instance's disk over it.
  func overlay(for instance: Identifier, diskMB: Int?) -> SpawnTask {
    .overlay(instance, name, format, size: UInt64(diskSize(diskMB: diskMB)))
  }

  /// The larger of what was asked for and the image's size, in bytes, a whole number of sectors.
  func diskSize(diskMB: Int?) -> Int { (max(virtualSize, (diskMB ?? 0) * 1_000_000) + 511) / 512 * 512 }
}
