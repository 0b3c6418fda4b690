import Glibc
import TestSupport
import Testing

@testable import Linux

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Test func aReplacedFileHoldsTheNewBytesAndNothingElseIsLeft() throws {
  let folder = try TemporaryFolder()
  try Files.replace("state", with: bytes("old and long"), in: folder.handle)
  try Files.replace("state", with: bytes("new"), mode: 0o640, in: folder.handle)
  #expect(try text(Files.read("state", in: folder.handle, limit: 100)) == "new")
  #expect(try Files.names(in: folder.handle) == ["state"])
  #expect(try Descriptor.open("state", O_RDONLY, in: folder.handle).status().st_mode & 0o777 == 0o640)
}

@Test func aReplacementDoesNotWaitForAFifoThatTookItsPlace() throws {
  let folder = try TemporaryFolder()
  try #require(mkfifo("\(folder.path)/.state.new", 0o600) == 0)
  try Files.replace("state", with: bytes("new"), in: folder.handle)
  #expect(try text(Files.read("state", in: folder.handle, limit: 100)) == "new")
}

@Test func aReplacementDoesNotFollowASymbolicLinkInItsPlace() throws {
  let folder = try TemporaryFolder()
  try Files.create("victim", bytes("untouched"), in: folder.handle)
  try #require(symlink("victim", "\(folder.path)/.state.new") == 0)
  try Files.replace("state", with: bytes("new"), in: folder.handle)
  #expect(try text(Files.read("victim", in: folder.handle, limit: 100)) == "untouched")
}

@Test func aFileThatIsCreatedMustNotExist() throws {
  let folder = try TemporaryFolder()
  try Files.create("file", [], in: folder.handle)
  #expect(throws: SystemError("open", "file", code: EEXIST)) { try Files.create("file", [], in: folder.handle) }
}

@Test func aFileBeyondTheLimitIsNotRead() throws {
  let folder = try TemporaryFolder()
  try Files.create("file", bytes("12345"), in: folder.handle)
  #expect(try Files.read("file", in: folder.handle, limit: 5).count == 5)
  #expect(throws: Files.TooLarge.self) { try Files.read("file", in: folder.handle, limit: 4) }
}

@Test func filesOfProcWhoseSizeReadsAsZeroAreReadWhole() throws {
  #expect(try text(Files.read("/proc/self/status", limit: 65536)).contains("Seccomp:"))
}

@Test func aTreeIsRemovedWithAllBelowItAndNothingBesideIt() throws {
  let folder = try TemporaryFolder()
  try Files.create("outside", [], in: folder.handle)
  try Files.makeFolder("tree", in: folder.handle)
  try Files.makeFolder("tree/a", in: folder.handle)
  try Files.create("tree/a/file", [], in: folder.handle)
  try #require(symlink("../outside", "\(folder.path)/tree/link") == 0)
  try #require(symlink("..", "\(folder.path)/tree/folderlink") == 0)
  try #require(mkfifo("\(folder.path)/tree/fifo", 0o600) == 0)
  try Files.removeTree("tree", in: folder.handle)
  #expect(try Files.names(in: folder.handle) == ["outside"])
}

@Test func aTreeWithANameThatIsNoTextIsRemovedToo() throws {
  let folder = try TemporaryFolder()
  try Files.makeFolder("tree", in: folder.handle)
  let name: [CChar] = [0x78, -1, -2, 0]
  let tree = try Descriptor.folder("tree", in: folder.handle)
  try #require(mkdirat(tree.raw, name, 0o700) == 0)
  try #require(unlinkat(tree.raw, "\u{fffd}\u{fffd}", 0) == -1)
  try Files.removeTree("tree", in: folder.handle)
  #expect(try Files.names(in: folder.handle).isEmpty)
}

@Test func removingWhatIsNotThereIsInOrder() throws {
  let folder = try TemporaryFolder()
  try Files.removeTree("nothing", in: folder.handle)
  try Files.remove("nothing", in: folder.handle)
}

@Test func aTreeDeeperThanAllowedIsRefusedAndDoesNotRecurseWithoutBound() throws {
  let folder = try TemporaryFolder()
  var path = "tree"
  for _ in 0..<6 {
    try Files.makeFolder(path, in: folder.handle)
    path += "/a"
  }
  #expect(throws: SystemError.self) { try Files.removeTree("tree", in: folder.handle, depth: 4) }
  try Files.removeTree("tree", in: folder.handle, depth: 6)
}

@Test func aMoveNeverReplaces() throws {
  let folder = try TemporaryFolder()
  try Files.create("from", bytes("1"), in: folder.handle)
  try Files.create("taken", bytes("2"), in: folder.handle)
  #expect(throws: SystemError("rename", "from to taken", code: EEXIST)) {
    try Files.move("from", in: folder.handle, to: "taken", in: folder.handle)
  }
  try Files.move("from", in: folder.handle, to: "free", in: folder.handle)
  #expect(try Set(Files.names(in: folder.handle)) == ["free", "taken"])
}

@Test func aFolderIsMadeOnceAndFoundAfterwards() throws {
  let folder = try TemporaryFolder()
  let made = try Files.ensureFolder("inner", in: folder.handle)
  try Files.create("file", [], in: made)
  #expect(try Files.names(in: Files.ensureFolder("inner", in: folder.handle)) == ["file"])
}

@Test func aFileOrALinkInAFoldersPlaceIsNoFolder() throws {
  let folder = try TemporaryFolder()
  try Files.create("file", [], in: folder.handle)
  try #require(symlink(".", "\(folder.path)/link") == 0)
  for name in ["file", "link"] {
    #expect(throws: SystemError.self) { try Files.ensureFolder(name, in: folder.handle) }
  }
}

@Test func namesAreListedUpToTheLimitAndListingLeavesNothingOpen() throws {
  let folder = try TemporaryFolder()
  for name in ["a", "b", ".c"] { try Files.create(name, [], in: folder.handle) }
  #expect(try Set(Files.names(in: folder.handle)) == ["a", "b", ".c"])
  #expect(try Files.names(in: folder.handle, limit: 2).count == 2)
}
