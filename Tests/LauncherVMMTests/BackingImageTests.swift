import Glibc
import Instances
import JSON
import Linux
import TestSupport
import Testing

@testable import Spawning
@testable import launcher_vmm

private let name = ImageName("image")!

/// The image that qemu-img makes in a fresh images folder with these arguments behind `create -q`.
private func made(by arguments: String..., sizes: [String] = ["10M"]) throws -> (TemporaryFolder, InstanceStore) {
  let (folder, store) = try makeStateFolder()
  let path = "\(folder.path)/images/image"
  var command = ["qemu-img", "create", "-q"] + arguments.map { $0.replacing("IMAGES", with: "\(folder.path)/images") }
  command += [path] + sizes
  try #require(runAll(command) == 0)
  return (folder, store)
}

private func runAll(_ command: [String]) -> Int32 { run("/bin/sh", "-c", command.joined(separator: " ")) }

@Test func qcow2ImagesOfBothVersionsAreRecognised() throws {
  for version in ["0.10", "1.1"] {
    let (folder, store) = try made(by: "-f", "qcow2", "-o", "compat=\(version)")
    let image = try store.image(name)
    #expect(image.stack == .qcow2)
    #expect(image.virtualSize == 10 * 1_048_576)
    withExtendedLifetime(folder) {}
  }
}

@Test func everythingElseIsRaw() throws {
  let (folder, store) = try made(by: "-f", "raw")
  let image = try store.image(name)
  #expect(image.stack == .raw)
  #expect(image.virtualSize == 10 * 1_048_576)
  withExtendedLifetime(folder) {}
}

@Test func anImageIsReadFromItsJSONAsItWasWritten() throws {
  let (folder, store) = try made(by: "-f", "qcow2")
  let image = try store.image(name)
  #expect(BackingImage(json: image.json) == image)
  withExtendedLifetime(folder) {}
}

@Test func aHeaderThatIsCutOffIsRefused() throws {
  let (folder, store) = try made(by: "-f", "qcow2")
  for length in [4, 5, 71, 103] {
    var header = try Files.read("image", in: store.images, limit: 1_048_576).prefix(length)
    while header.count < length { header.append(0) }
    try Files.replace("image", with: Array(header), in: store.images)
    #expect(throws: BackingImage.Unusable.self) { try store.image(name) }
  }
  withExtendedLifetime(folder) {}
}

/// A qcow2 header with these fields.
private func header(version: UInt32 = 3, size: UInt64) -> [UInt8] {
  var header = [UInt8](repeating: 0, count: 104)
  header.replaceSubrange(0..<4, with: [0x51, 0x46, 0x49, 0xfb])
  withUnsafeBytes(of: version.bigEndian) { header.replaceSubrange(4..<8, with: $0) }
  withUnsafeBytes(of: size.bigEndian) { header.replaceSubrange(24..<32, with: $0) }
  return header
}

@Test(arguments: [0, 64_000_000_000_001, UInt64(Int64.max), UInt64(Int64.max) + 1, .max])
func anAbsurdVirtualSizeIsRefused(size: UInt64) throws {
  let (folder, store) = try makeStateFolder()
  try Files.create("image", header(size: size), in: store.images)
  #expect(throws: BackingImage.Unusable.self) { try store.image(name) }
  withExtendedLifetime(folder) {}
}

@Test(arguments: [0, 1, 4, UInt32.max])
func anUnknownVersionIsRefused(version: UInt32) throws {
  let (folder, store) = try makeStateFolder()
  try Files.create("image", header(version: version, size: 512), in: store.images)
  #expect(throws: BackingImage.Unusable.self) { try store.image(name) }
  withExtendedLifetime(folder) {}
}

@Test func whatIsNoFileOfSomeLengthIsRefusedWithoutWaiting() throws {
  let (folder, store) = try makeStateFolder()
  let path = "\(folder.path)/images/image"
  #expect(throws: BackingImage.Unusable.self) { try store.image(name) }
  try Files.create("image", [], in: store.images)
  #expect(throws: BackingImage.Unusable.self) { try store.image(name) }
  unlink(path)
  try #require(mkfifo(path, 0o600) == 0)
  #expect(throws: BackingImage.Unusable.self) { try store.image(name) }
  unlink(path)
  try Files.makeFolder("image", in: store.images)
  #expect(throws: BackingImage.Unusable.self) { try store.image(name) }
  try Files.removeTree("image", in: store.images)
  try #require(symlink("/dev/null", path) == 0)
  #expect(throws: BackingImage.Unusable.self) { try store.image(name) }
}

@Test func aDiskIsAsLargeAsItsImageAndAWholeNumberOfSectors() throws {
  let (folder, store) = try makeStateFolder()
  let image = try makeRawImage(size: 1000, in: store)
  #expect(image.diskSize(diskMB: nil) == 1024)
  #expect(image.diskSize(diskMB: 1) == 1_000_448)
  #expect(image.diskSize(diskMB: 64_000_000) == 64_000_000_000_000)
  withExtendedLifetime(folder) {}
}

@Test func qemuImgMakesAnOverlayWithTheseArguments() throws {
  let (folder, store) = try makeStateFolder()
  let image = try makeRawImage(size: 1_000_000, in: store)
  guard case .overlay(let instance, let name, let stack, let size) = image.overlay(for: id, diskMB: 5) else {
    Issue.record("another task")
    return
  }
  #expect(instance == id)
  let arguments = InstanceDisk.arguments(in: folder.path, images: store.imagesPath, name, stack, size: size)
  #expect(
    arguments == [
      "create", "-q", "-f", "qcow2", "-b", "\(store.imagesPath)/image", "-F", "raw", "\(folder.path)/image.qcow2",
      "5000192",
    ])
  try #require(runAll(["qemu-img"] + arguments) == 0)
  let overlay = try Descriptor.open("\(folder.path)/image.qcow2", O_RDONLY).read(at: 24, count: 8)
  #expect(overlay.reduce(0) { $0 << 8 | UInt64($1) } == 5_000_192)
}
