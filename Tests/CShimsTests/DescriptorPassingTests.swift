import CShims
import Glibc
import Linux
import TestSupport
import Testing

/// A pipe whose write end is passed around: its reader sees the end when the last copy is closed.
private struct Watched {
  let reader: Descriptor
  let writer: Descriptor

  init() throws {
    (reader, writer) = try Descriptor.pipe()
    try reader.setNonBlocking()
  }

  /// No copy of the write end is open any more.
  var isClosed: Bool {
    var byte: UInt8 = 0
    return (try? withUnsafeMutableBytes(of: &byte) { try reader.read(into: $0) }) == .end
  }
}

private func send(_ bytes: [UInt8], _ fds: [Int32], _ socket: Descriptor) -> Int {
  sh_send_fds(socket.raw, bytes, bytes.count, fds, Int32(fds.count))
}

private func receive(_ socket: Descriptor, capacity: Int = 100, room: Int = 8) -> (result: Int, fds: [Descriptor]) {
  var bytes = [UInt8](repeating: 0, count: capacity)
  var fds = [Int32](repeating: -1, count: 8)
  var count = Int32(room)
  let result = sh_recv_fds(socket.raw, &bytes, capacity, &fds, &count, nil)
  return (result, fds.prefix(Int(count)).map { Descriptor($0) })
}

@Test func descriptorsArriveInOrderAndCloseOnExec() throws {
  let (first, second) = try UnixSocket.pair()
  let zero = try Descriptor.open("/dev/zero", O_RDONLY)
  let null = try Descriptor.open("/dev/null", O_RDONLY)
  #expect(send([1, 2, 3], [zero.raw, null.raw], first) == 3)
  let (result, fds) = receive(second)
  #expect(result == 3)
  try #require(fds.count == 2)
  #expect(try fds[0].status().st_rdev == zero.status().st_rdev)
  #expect(try fds[1].status().st_rdev == null.status().st_rdev)
  for fd in fds { #expect(fcntl(fd.raw, F_GETFD) & FD_CLOEXEC != 0) }
}

@Test func aDatagramThatIsCutOffIsRefusedAndItsDescriptorsAreClosed() throws {
  let (first, second) = try UnixSocket.pair()
  let watched = try Watched()
  try #require(send([UInt8](repeating: 1, count: 11), [watched.writer.raw], first) == 11)
  watched.writer.close()
  #expect(receive(second, capacity: 10).result == -Int(EMSGSIZE))
  #expect(watched.isClosed)
}

@Test(arguments: [(1, 0), (3, 2), (8, 7)])
func moreDescriptorsThanThereIsRoomForAreAllClosed(sent: Int, room: Int) throws {
  let (first, second) = try UnixSocket.pair()
  let watched = try Watched()
  try #require(send([1], Array(repeating: watched.writer.raw, count: sent), first) == 1)
  watched.writer.close()
  let (result, fds) = receive(second, room: room)
  #expect(result == -Int(EMSGSIZE))
  #expect(fds.isEmpty)
  #expect(watched.isClosed)
}

/// A sender that is not ours may pass more than SH_MAX_FDS, and more than the control buffer takes.
@Test(arguments: [17, 24, 25, 60, 250])
func moreDescriptorsThanAnyMessageHasAreAllClosed(sent: Int) throws {
  let (first, second) = try UnixSocket.pair()
  let watched = try Watched()
  let space = 16 + (4 * sent + 7) / 8 * 8
  let control = UnsafeMutableRawPointer.allocate(byteCount: space, alignment: 16)
  defer { control.deallocate() }
  control.storeBytes(of: 16 + 4 * sent, as: Int.self)
  control.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
  control.storeBytes(of: 1, toByteOffset: 12, as: Int32.self)  // SCM_RIGHTS
  for index in 0..<sent { control.storeBytes(of: watched.writer.raw, toByteOffset: 16 + 4 * index, as: Int32.self) }
  var byte: UInt8 = 1
  let result = withUnsafeMutablePointer(to: &byte) { byte in
    var vector = iovec(iov_base: byte, iov_len: 1)
    return withUnsafeMutablePointer(to: &vector) { vector in
      var message = msghdr()
      message.msg_iov = vector
      message.msg_iovlen = 1
      message.msg_control = control
      message.msg_controllen = space
      return sendmsg(first.raw, &message, 0)
    }
  }
  try #require(result == 1)
  watched.writer.close()
  #expect(receive(second).result == -Int(EMSGSIZE))
  #expect(watched.isClosed)
}

@Test func sendingMoreThanAMessageMayHaveIsRefused() throws {
  let (first, _) = try UnixSocket.pair()
  #expect(send([1], Array(repeating: 0, count: 17), first) == -Int(EINVAL))
}

@Test func nothingToReceiveIsNoEndAndAnEndIsNoError() throws {
  let (first, second) = try UnixSocket.pair()
  #expect(receive(second).result == -Int(EAGAIN))
  first.close()
  #expect(receive(second).result == 0)
}

@Test func theKernelNamesTheSenderWhereItIsAskedTo() throws {
  let (first, second) = try UnixSocket.pair()
  try #require(sh_pass_credentials(second.raw) == 0)
  try #require(send([1], [], first) == 1)
  var byte: UInt8 = 0
  var none: Int32 = 0
  var sender: pid_t = -1
  #expect(sh_recv_fds(second.raw, &byte, 1, nil, &none, &sender) == 1)
  #expect(sender == getpid())
}

@Test func aPeerThatEndedNeitherRaisesASignalNorBlocks() throws {
  let (first, second) = try UnixSocket.pair()
  second.close()
  #expect(send([1], [], first) == -Int(EPIPE))
}
