import AsyncLoop
import Glibc
import Instances
import Linux
import Spawning
import TestSupport
import Testing

@testable import launcher_vmm

let id = Identifier("67d86208-000-4465-9018-fe14087d415f")!

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A state folder with its two folders.
func makeStateFolder() throws -> (TemporaryFolder, InstanceStore) {
  let folder = try TemporaryFolder()
  try Files.makeFolder("instances", in: folder.handle)
  try Files.makeFolder("images", in: folder.handle)
  return (folder, try InstanceStore(StateFolder(folder.path)))
}

/// A raw backing image of this many bytes.
func makeRawImage(_ name: String = "image", size: Int, in store: InstanceStore) throws -> BackingImage {
  let file = try Descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL, in: store.images)
  guard ftruncate(file.raw, size) == 0 else { throw SystemError("ftruncate", name) }
  return try store.image(ImageName(name)!)
}

extension InstanceStore {
  func image(_ name: ImageName) throws -> BackingImage { try BackingImage(name, in: images, at: imagesPath) }
}

func fullSpec() -> InstanceSpec {
  var spec = InstanceSpec(instance: id, tenant: Identifier("a")!, image: ImageName("image")!, firmware: .legacy)
  spec.resources.vcpus = 4
  spec.resources.memoryMB = 370
  spec.resources.diskMB = 8000
  spec.resources.isNetworkNode = true
  spec.network.mac = MACAddress("02:00:e6:f5:af:f9")
  spec.network.vnic = Identifier("b")
  spec.network.concentrator = Identifier("c")
  spec.network.concentratorIP = IPv4Address("192.168.42.21")
  spec.network.subnet = IPv4Subnet("192.168.8.0/21")
  spec.network.subnetKey = "key with \"quotes\", \n and ü"
  spec.network.subnetID = Identifier("d")
  spec.network.privateIP = IPv4Address("192.168.8.2")
  spec.network.publicIP = IPv4Address("1.2.3.4")
  return spec
}

/// Runs `body` here, in a test that has no loop: what it calls belongs to the loop's thread but needs none.
private func isolated<Result>(_ body: @LoopActor () throws -> Result) rethrows -> Result {
  try withoutActuallyEscaping(body) { try unsafeBitCast($0, to: (() throws -> Result).self)() }
}

extension InstanceStore {
  func removeHere(_ id: Identifier) throws {
    nonisolated(unsafe) let store = self
    try isolated { try store.remove(id) }
  }

  func commitHere(_ id: Identifier, _ folder: Folder) throws {
    nonisolated(unsafe) let (store, folder) = (self, folder)
    try isolated { try store.commitStaging(of: id, folder) }
  }
}

/// Runs `body` on a loop, in a process of its own (an exit test): a loop is not given back.
func onLoop(_ body: @escaping @LoopActor () async throws -> Void) {
  alarm(30)
  LoopActor.run {
    do { try await body() } catch { Issue.record(error) }
    LoopActor.loop.stop()
  }
}

/// Runs qemu-img with these words, in which IMAGES stands for the images folder.
func require(_ store: InstanceStore, _ words: String, _ location: SourceLocation = #_sourceLocation) throws {
  let command = "qemu-img " + words.replacing("IMAGES", with: store.imagesPath)
  try #require(run("/bin/sh", "-c", command) == 0, "\(command)", sourceLocation: location)
}
