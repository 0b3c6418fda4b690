import Glibc
import Instances
import Linux
import TestSupport
import Testing

@testable import launcher_vmm

private func makeInstance(_ store: InstanceStore, _ id: Identifier = id) throws -> InstanceFile {
  var spec = fullSpec()
  spec.instance = id
  let image = try (try? store.image(ImageName("image")!)) ?? makeRawImage(size: 512, in: store)
  let file = InstanceFile(spec: spec, image: image, request: 1)
  let folder = try store.makeStaging(for: id)
  try store.writeState(file, in: folder)
  try store.commitHere(id, folder)
  return file
}

private func names(_ store: InstanceStore) throws -> Set<String> { try Set(Files.names(in: store.instances)) }

@Test func anInstanceThatIsCommittedIsListedAndRead() throws {
  let (folder, store) = try makeStateFolder()
  let file = try makeInstance(store)
  #expect(try store.list() == [id])
  #expect(try store.readState(of: id) == file)
  #expect(try store.folder(of: id).path == "\(folder.path)/instances/\(id)")
  #expect(try store.folder(of: id).handle.status().st_mode & 0o777 == 0o700)
}

@Test func anInstanceInStagingIsNoInstance() throws {
  let (folder, store) = try makeStateFolder()
  let staging = try store.makeStaging(for: id)
  try Files.create("half", [1], in: staging.handle)
  #expect(try store.list() == [])
  store.discardStaging(of: id)
  #expect(try names(store).isEmpty)
  withExtendedLifetime(folder) {}
}

@Test func stagingBeginsEmptyWhateverWasLeft() throws {
  let (folder, store) = try makeStateFolder()
  try Files.create("half", [1], in: store.makeStaging(for: id).handle)
  #expect(try Files.names(in: store.makeStaging(for: id).handle).isEmpty)
  withExtendedLifetime(folder) {}
}

@Test func committingNeverReplacesAnInstance() throws {
  let (folder, store) = try makeStateFolder()
  let file = try makeInstance(store)
  let staging = try store.makeStaging(for: id)
  #expect(throws: SystemError.self) { try store.commitHere(id, staging) }
  #expect(try store.readState(of: id) == file)
  withExtendedLifetime(folder) {}
}

@Test func aRemovedInstanceIsGoneAndCanBeMadeAgain() throws {
  let (folder, store) = try makeStateFolder()
  _ = try makeInstance(store)
  try store.removeHere(id)
  #expect(try names(store).isEmpty)
  #expect(throws: SystemError.self) { try store.removeHere(id) }
  _ = try makeInstance(store)
  #expect(try store.list() == [id])
  withExtendedLifetime(folder) {}
}

@Test func whatAnInterruptedCommandLeftIsRemovedAndNothingElse() throws {
  let (folder, store) = try makeStateFolder()
  _ = try makeInstance(store)
  for name in [".staging-abc", ".deleted-abc", ".other", "not an instance"] {
    try Files.makeFolder(name, in: store.instances)
    try Files.create("file", [1], in: .folder(name, in: store.instances))
  }
  try store.removeLeftovers()
  #expect(try names(store) == [id.text, ".other", "not an instance"])
  #expect(try store.list() == [id])
  withExtendedLifetime(folder) {}
}

@Test func anInterruptedDeleteSaysWhatItsInstanceWas() throws {
  let (folder, store) = try makeStateFolder()
  _ = try makeInstance(store)
  try Files.move(id.text, in: store.instances, to: ".deleted-\(id)", in: store.instances)
  try Files.makeFolder(".deleted-abc", in: store.instances)
  #expect(try store.removeLeftovers().map(\.spec.instance) == [id])
  #expect(try names(store) == [])
  withExtendedLifetime(folder) {}
}

/// Makes folders within one another, deeper than a removal goes.
private func dig(in folder: Descriptor) throws {
  var current = folder
  for _ in 0..<20 {
    try Files.makeFolder("a", in: current)
    current = try .folder("a", in: current)
  }
}

@Test func leftoversThatCannotBeRemovedDoNotHinderTheStart() throws {
  let (folder, store) = try makeStateFolder()
  try Files.makeFolder(".deleted-abc", in: store.instances)
  try dig(in: .folder(".deleted-abc", in: store.instances))
  try Files.makeFolder(".staging-abc", in: store.instances)
  try store.removeLeftovers()
  #expect(try names(store) == [".deleted-abc"])
  withExtendedLifetime(folder) {}
}

@Test func anInstanceWhoseFilesCannotBeRemovedIsDeletedAllTheSame() throws {
  let (folder, store) = try makeStateFolder()
  _ = try makeInstance(store)
  try dig(in: store.folder(of: id).handle)
  try store.removeHere(id)
  #expect(try store.list() == [])
  withExtendedLifetime(folder) {}
}

@Test func aStateOfAnotherInstanceIsRefused() throws {
  let (folder, store) = try makeStateFolder()
  _ = try makeInstance(store)
  try Files.move(id.text, in: store.instances, to: "abc", in: store.instances)
  #expect(throws: InstanceFile.Unreadable.self) { try store.readState(of: Identifier("abc")!) }
  withExtendedLifetime(folder) {}
}

@Test func aStateThatIsNoFileIsRefusedWithoutWaiting() throws {
  let (folder, store) = try makeStateFolder()
  try Files.makeFolder(id.text, in: store.instances)
  let place = "\(folder.path)/instances/\(id)/state"
  #expect(throws: SystemError.self) { try store.readState(of: id) }
  try #require(mkfifo(place, 0o600) == 0)
  #expect(throws: (any Error).self) { try store.readState(of: id) }
  unlink(place)
  try #require(symlink("/etc/hostname", place) == 0)
  #expect(throws: SystemError.self) { try store.readState(of: id) }
}

@Test func anInstanceThatIsALinkIsNotFollowed() throws {
  let (folder, store) = try makeStateFolder()
  try #require(symlink("/etc", "\(folder.path)/instances/abc") == 0)
  #expect(throws: SystemError.self) { try store.folder(of: Identifier("abc")!) }
}

@Test func realAndSimulatedInstancesAreNeverInOneFolder() throws {
  let (folder, store) = try makeStateFolder()
  // Without instances a folder changes its kind.
  for isSimulation in [false, true, false, true, true] { try store.claim(forSimulation: isSimulation) }
  _ = try makeInstance(store)
  try store.claim(forSimulation: true)
  #expect(throws: InstanceStore.Mixed.self) { try store.claim(forSimulation: false) }
  #expect(try store.list() == [id])
  try store.removeHere(id)
  try store.claim(forSimulation: false)
  _ = try makeInstance(store)
  try store.claim(forSimulation: false)
  #expect(throws: InstanceStore.Mixed.self) { try store.claim(forSimulation: true) }
  withExtendedLifetime(folder) {}
}
