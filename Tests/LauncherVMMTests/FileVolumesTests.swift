import Glibc
import Instances
import Linux
import TestSupport
import Testing

@testable import launcher_vmm

private let volume = Identifier("0a")!

private func make(_ words: String, in folder: TemporaryFolder) throws {
  #expect(run("sh", "-c", "cd \(folder.path) && \(words)") == 0, "\(words)")
}

private func open(_ folder: TemporaryFolder) throws -> VolumeSource? {
  try FileVolumes(folder.handle, at: folder.path).open(volume)?.backing.source
}

@Test(arguments: [("0a", ImageFormat.raw), ("0a.raw", .raw), ("0a.qcow2", .qcow2)])
func aVolumesFormatIsWhatItsNameSays(name: String, format: ImageFormat) throws {
  let folder = try TemporaryFolder()
  #expect(try open(folder) == nil)
  try make("qemu-img create -q -f \(format.name) \(name) 1M", in: folder)
  #expect(try open(folder) == .file(format))
}

/// The guest of a raw volume wrote another format's header into it, which names a file of the node.
@Test func whatAGuestWritesIntoARawVolumeChangesNothing() throws {
  let folder = try TemporaryFolder()
  try make("qemu-img create -q -f qcow2 -u -b /etc/passwd -F raw 0a 1M", in: folder)
  #expect(try open(folder) == .file(.raw))
}

@Test(arguments: [
  ("qemu-img create -q -f raw 0a 1M && qemu-img create -q -f qcow2 0a.qcow2 1M", "leave the one that is meant"),
  ("qemu-img create -q -f raw 0a.qcow2 1M", "its header does not"),
  ("qemu-img create -q -f qcow2 -u -b x -F raw 0a.qcow2 1M", "laid over another file"),
  ("qemu-img create -q -f qcow2 -o data_file=x 0a.qcow2 1M", "keeps its data in another file"),
  (
    "qemu-img create -q -f qcow2 --object secret,id=s,data=x -o encrypt.format=aes,encrypt.key-secret=s 0a.qcow2 1M",
    "is encrypted"
  ),
  ("ln -s /etc/passwd 0a", "Too many levels of symbolic links"), ("mkdir 0a", "Is a directory"),
  ("mkfifo 0a", "is no file"), ("mknod 0a c 1 3", "is no file"),
])
func aVolumeThatLeadsElsewhereIsRefused(words: String, reason: String) throws {
  let folder = try TemporaryFolder()
  try make(words, in: folder)
  let error = #expect(throws: (any Error).self) { try open(folder) }
  #expect(error.map { "\($0)".contains(reason) } ?? false, "\(String(describing: error))")
}
