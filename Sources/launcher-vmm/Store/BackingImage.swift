import Channel
import Glibc
import Instances
import JSON
import Linux

/// What launcher knows of a backing image, read once when an instance is made from it.
struct BackingImage: Equatable {
  struct Unusable: Error, CustomStringConvertible {
    let description: String

    init(_ name: ImageName, _ why: String) { description = "backing image \(name): \(why)" }
  }

  let name: ImageName
  /// How it is read, with the images below it.
  let stack: ImageStack
  /// Bytes.
  let virtualSize: Int

  /// Bytes: what no disk of an instance exceeds. An image may come from a tenant, so its header promises anything.
  private static let largest = Resources.diskAllowed.upperBound * 1_000_000

  /// Looks at `name` in the images folder, which is at `path`, and at the images below it. The images are the
  /// operator's, and read-only to machines, so their headers are not guest-writable; still, each may come from a
  /// tenant: a header that leads out of the folder is refused.
  init(_ name: ImageName, in images: Descriptor, at path: String) throws(Unusable) {
    let top = try Self.look(at: name, in: images)
    var below: [ImageStack.Layer] = []
    var above = (name: name, header: top.header)
    while let link = above.header.below {
      let next = try Self.name(link, below: above.name, path)
      guard next != name, !below.contains(where: { $0.name == next }) else {
        throw Unusable(name, "is laid over itself by way of \(next)")
      }
      guard below.count < ImageStack.maximumBelow else {
        throw Unusable(name, "is laid over more than \(ImageStack.maximumBelow) others")
      }
      let found = try Self.look(at: next, in: images)
      let format = try Self.format(link, of: next, found.header)
      below.append(ImageStack.Layer(next, format))
      guard format == .qcow2 else { break }
      above = (next, found.header)
    }
    guard let stack = ImageStack(top.header.format, over: below) else { throw Unusable(name, "is laid over others") }
    self.name = name
    self.stack = stack
    virtualSize = top.size
  }

  private static func look(at name: ImageName, in images: Descriptor) throws(Unusable) -> (
    header: ImageHeader, size: Int
  ) {
    do {
      let file = try Descriptor.open(name.text, O_RDONLY | O_NONBLOCK, in: images)
      let status = try file.status()
      guard status.st_mode & S_IFMT == S_IFREG else { throw Unusable(name, "no file") }
      guard status.st_size > 0 else { throw Unusable(name, "empty") }
      let header = try ImageHeader(of: file)
      let size = header.virtualSize ?? UInt64(status.st_size)
      guard size > 0, size <= UInt64(largest) else {
        throw Unusable(name, "a disk of \(size) bytes, at most \(largest) are allowed")
      }
      return (header, Int(size))
    } catch let error as Unusable {
      throw error
    } catch {
      throw Unusable(name, "\(error)")
    }
  }

  /// The image below that a header names: a file of the same folder, by its name or by its whole path.
  private static func name(_ link: ImageHeader.Below, below above: ImageName, _ path: String) throws(Unusable)
    -> ImageName
  {
    let prefix = "\(path)/"
    let name = link.name.hasPrefix(prefix) ? link.name.dropFirst(prefix.count) : link.name[...]
    guard let image = ImageName(name) else {
      throw Unusable(above, "its backing file \(link.name) is no image of \(path)")
    }
    return image
  }

  /// The format that the header above says, or what the image's own header says where it is silent: both are read-only
  /// to machines.
  private static func format(_ link: ImageHeader.Below, of name: ImageName, _ header: ImageHeader) throws(Unusable)
    -> ImageFormat
  {
    if link.format.isEmpty { return header.format }
    guard let format = ImageFormat(name: link.format) else {
      throw Unusable(name, "its format is said to be \(link.format), neither raw nor qcow2")
    }
    guard format == .raw || header.format == .qcow2 else { throw Unusable(name, "is said to be qcow2 and is not") }
    return format
  }

  init?(json: JSONValue) {
    guard let layer = Self.layer(json), let size = json["virtual_size"]?.int, size > 0 else { return nil }
    // Absent where the image stands alone.
    let below = json["below"].map { $0.array?.map(Self.layer) ?? [nil] } ?? []
    guard let stack = ImageStack(layer.format, over: below.compactMap(\.self)), stack.below.count == below.count else {
      return nil
    }
    name = layer.name
    self.stack = stack
    virtualSize = Int(size)
  }

  private static func layer(_ json: JSONValue) -> ImageStack.Layer? {
    guard let name = json["name"]?.string.flatMap({ ImageName($0) }),
      let format = json["format"]?.string.flatMap({ ImageFormat(name: $0) })
    else { return nil }
    return ImageStack.Layer(name, format)
  }

  var json: JSONValue {
    var json = JSONObject()
    json["name"] = .string(name.text)
    json["format"] = .string(stack.format.name)
    json["virtual_size"] = .int(Int64(virtualSize))
    if !stack.below.isEmpty {
      json["below"] = .array(
        stack.below.map { ["name": .string($0.name.text), "format": .string($0.format.name)] })
    }
    return .object(json)
  }
}

extension BackingImage {
  /// The task of making an instance's disk over it.
  func overlay(for instance: Identifier, diskMB: Int?) -> SpawnTask {
    .overlay(instance, name, stack, size: UInt64(diskSize(diskMB: diskMB)))
  }

  /// The larger of what was asked for and the image's size, in bytes, a whole number of sectors.
  func diskSize(diskMB: Int?) -> Int { (max(virtualSize, (diskMB ?? 0) * 1_000_000) + 511) / 512 * 512 }
}
