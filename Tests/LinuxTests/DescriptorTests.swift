import CShims
import Glibc
import TestSupport
import Testing

@testable import Linux

/// The kernel's name for the file behind a descriptor number, nil when it is closed.
private func target(_ fd: Int32) -> stat? {
  var status = stat()
  return fstat(fd, &status) == 0 ? status : nil
}

@Test func aDescriptorIsClosedWithItsLastReference() throws {
  let (reader, writer) = try Descriptor.pipe()
  var kept: Descriptor? = writer
  var byte: UInt8 = 0
  withExtendedLifetime(kept) {}
  kept?.close()
  kept = nil
  #expect(writer.raw == -1)
  // The end is seen by the other end, whatever has become of the number since.
  #expect(try withUnsafeMutableBytes(of: &byte) { try reader.read(into: $0) } == .end)
}

@Test func everyNewDescriptorIsCloseOnExec() throws {
  let folder = try TemporaryFolder()
  let (reader, writer) = try Descriptor.pipe()
  let (first, second) = try UnixSocket.pair()
  let all = [
    reader, writer, first, second, folder.handle, try Descriptor.open("/dev/null", O_RDWR),
    try Descriptor.name(folder.path), try UnixSocket.make(.stream), try SealedMemory.make("test", []),
  ]
  for descriptor in all { #expect(fcntl(descriptor.raw, F_GETFD) & FD_CLOEXEC != 0) }
}

@Test func aReadThatWouldBlockSaysSo() throws {
  let (reader, writer) = try Descriptor.pipe()
  try reader.setNonBlocking()
  var buffer = [UInt8](repeating: 0, count: 4)
  #expect(try buffer.withUnsafeMutableBytes { try reader.read(into: $0) } == .wouldBlock)
  try Files.write([1, 2], to: writer, named: "pipe")
  #expect(try buffer.withUnsafeMutableBytes { try reader.read(into: $0) } == .bytes(2))
  writer.close()
  #expect(try buffer.withUnsafeMutableBytes { try reader.read(into: $0) } == .end)
}

@Test func readingAtAnOffsetMovesNothingAndEndsWithTheFile() throws {
  let folder = try TemporaryFolder()
  try Files.create("file", Array("0123456789".utf8), in: folder.handle)
  let file = try Descriptor.open("file", O_RDONLY, in: folder.handle)
  #expect(try file.read(at: 8, count: 100) == Array("89".utf8))
  #expect(try file.read(at: 100, count: 1) == [])
  #expect(try file.read(at: 0, count: 0) == [])
  #expect(try file.read(at: 0, count: 2) == Array("01".utf8))
}

@Test func anOpenErrorNamesCallSubjectAndReason() throws {
  let folder = try TemporaryFolder()
  #expect(throws: SystemError("open", "missing", code: ENOENT)) {
    try Descriptor.open("missing", O_RDONLY, in: folder.handle)
  }
  #expect(SystemError("open", "missing", code: ENOENT).description == "open missing: No such file or directory")
}

@Test func aNameHandleGivesNoRightToTheContents() throws {
  let folder = try TemporaryFolder()
  try Files.create("file", [1], in: folder.handle)
  try #require(symlink("file", "\(folder.path)/link") == 0)
  let name = try Descriptor.name("file", in: folder.handle)
  #expect(throws: SystemError.self) { try name.read(at: 0, count: 1) }
  #expect(try Descriptor.name("link", in: folder.handle).status().st_mode & S_IFMT == S_IFLNK)
}

@Test func sealedMemoryIsReadBackByteForByte() throws {
  let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
  let file = try SealedMemory.make("test", bytes)
  #expect(try SealedMemory.check(file, limit: 100_000) == 100_000)
  #expect(try SealedMemory.read(file, limit: 100_000) == bytes)
  #expect(try SealedMemory.read(SealedMemory.make("empty", []), limit: 0) == [])
}

@Test func sealedMemoryCannotBeChanged() throws {
  let file = try SealedMemory.make("test", [1, 2, 3])
  #expect(pwrite(file.raw, [9], 1, 0) == -1 && errno == EPERM)
  #expect(ftruncate(file.raw, 0) == -1 && errno == EPERM)
  #expect(ftruncate(file.raw, 100) == -1 && errno == EPERM)
}

@Test func sealedMemoryBeyondTheLimitIsRefused() throws {
  let file = try SealedMemory.make("test", [1, 2, 3])
  #expect(throws: SealedMemory.Refused.self) { try SealedMemory.check(file, limit: 2) }
}

@Test func whatIsNotSealedIsRefused() throws {
  let folder = try TemporaryFolder()
  try Files.create("file", [1], in: folder.handle)
  let (reader, _) = try Descriptor.pipe()
  for file in [try Descriptor.open("file", O_RDONLY, in: folder.handle), reader, folder.handle] {
    #expect(throws: SealedMemory.Refused.self) { try SealedMemory.read(file, limit: 100) }
  }
}

@Test func aMemoryFileWithoutEverySealIsRefused() throws {
  let add = Int32(1033)  // F_ADD_SEALS
  let fd = Int32(syscallMemfd())
  let file = Descriptor(fd)
  #expect(sh_check_sealed(file.raw) == -EINVAL)
  for seal: Int32 in [2, 4, 8] {  // shrink, grow, write
    try #require(fcntl(file.raw, add, seal) == 0)
    #expect(sh_check_sealed(file.raw) == -EINVAL)
  }
  try #require(fcntl(file.raw, add, 1) == 0)
  #expect(sh_check_sealed(file.raw) == 0)
}

/// memfd_create is not visible to Swift; its libc symbol is.
@_silgen_name("memfd_create") private func memfdCreate(_ name: UnsafePointer<CChar>, _ flags: UInt32) -> Int32
private func syscallMemfd() -> Int32 { memfdCreate("test", 3) }

@Test func aPairKeepsTheBoundariesOfMessages() throws {
  let (first, second) = try UnixSocket.pair()
  try #require(write(first.raw, [1, 2], 2) == 2)
  try #require(write(first.raw, [3], 1) == 1)
  var buffer = [UInt8](repeating: 0, count: 10)
  #expect(read(second.raw, &buffer, 10) == 2)
  #expect(read(second.raw, &buffer, 10) == 1)
  #expect(read(second.raw, &buffer, 10) == -1 && errno == EAGAIN)
}

@Test func aListenerAcceptsAndBothSidesKnowTheirPeer() throws {
  let folder = try TemporaryFolder()
  let path = "\(folder.path)/socket"
  let listener = try UnixSocket.make(.packets)
  try UnixSocket.listen(listener, at: path, backlog: 1)
  #expect(try UnixSocket.accept(listener) == nil)
  let client = try UnixSocket.make(.packets)
  try UnixSocket.connect(client, to: path)
  let server = try #require(try UnixSocket.accept(listener))
  let own = UnixSocket.Peer(pid: getpid(), uid: getuid(), gid: getgid())
  #expect(try UnixSocket.peer(of: server) == own)
  #expect(try UnixSocket.peer(of: client) == own)
  #expect(fcntl(server.raw, F_GETFD) & FD_CLOEXEC != 0)
  #expect(fcntl(server.raw, F_GETFL) & O_NONBLOCK != 0)
}

@Test func aSocketPathThatDoesNotFitIsRefused() throws {
  let socket = try UnixSocket.make(.stream)
  for path in ["", String(repeating: "x", count: 108)] {
    #expect(throws: SystemError("use as socket path", path, code: ENAMETOOLONG)) {
      try UnixSocket.connect(socket, to: path)
    }
  }
}

@Test func connectingWhereNobodyListensIsRefused() throws {
  let folder = try TemporaryFolder()
  let path = "\(folder.path)/socket"
  let listener = try UnixSocket.make(.stream)
  try UnixSocket.listen(listener, at: path, backlog: 1)
  listener.close()
  #expect(throws: SystemError("connect", path, code: ECONNREFUSED)) {
    try UnixSocket.connect(UnixSocket.make(.stream), to: path)
  }
}

@Test func argumentVectorsEndWithNull() {
  let copied = CStrings.with(["a", "", "b c"]) { vector in
    var texts: [String] = []
    var next = vector
    while let text = next.pointee {
      texts.append(String(cString: text))
      next += 1
    }
    return texts
  }
  #expect(copied == ["a", "", "b c"])
  #expect(CStrings.with([]) { $0.pointee == nil })
}

@Test func pendingSignalsAreReadInsteadOfDelivered() async {
  await #expect(processExitsWith: .success) {
    let signals = try Signals.descriptor(for: [SIGUSR1])
    #expect(try Signals.next(signals) == nil)
    pthread_kill(pthread_self(), SIGUSR1)
    #expect(try Signals.next(signals) == SIGUSR1)
    #expect(try Signals.next(signals) == nil)
    // A write to a closed pipe is an error, not an end.
    let (reader, writer) = try Descriptor.pipe()
    reader.close()
    #expect(throws: SystemError("write", "pipe", code: EPIPE)) { try Files.write([1], to: writer, named: "pipe") }
  }
}

@Test func momentsAreOrderedAndCountSeconds() {
  #expect(Moment(nanoseconds: 1) < Moment(nanoseconds: 2))
  let before = Moment.now
  #expect(Moment.after(seconds: 10) > before)
  #expect(before.age >= 0)
}
