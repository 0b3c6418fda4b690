import Glibc
import Linux
import TestSupport
import Testing

@testable import Startup

@Test func aListenerThatWasHandedOverIsTaken() async {
  await #expect(processExitsWith: .success) {
    let folder = try TemporaryFolder()
    let socket = try UnixSocket.make(.packets)
    try UnixSocket.listen(socket, at: "\(folder.path)/socket", backlog: 1)
    try #require(dup2(socket.raw, 3) == 3)
    setenv("LISTEN_FDS", "1", 1)
    unsetenv("LISTEN_PID")
    let listener = try Startup.inheritedListener()
    #expect(listener.raw == 3)
    #expect(fcntl(3, F_GETFD) & FD_CLOEXEC != 0)
    #expect(fcntl(3, F_GETFL) & O_NONBLOCK != 0)
    setenv("LISTEN_PID", "\(getpid())", 1)
    _ = try Startup.inheritedListener()
    folder.remove()
    // The test's own connection to its parent may be among the numbers that these objects own.
    _exit(0)
  }
}

@Test func whatIsNoListenerForThisProcessIsRefused() async {
  await #expect(processExitsWith: .success) {
    unsetenv("LISTEN_FDS")
    #expect(throws: Startup.NoListener.self) { try Startup.inheritedListener() }
    setenv("LISTEN_FDS", "1", 1)
    setenv("LISTEN_PID", "1", 1)
    #expect(throws: Startup.NoListener.self) { try Startup.inheritedListener() }
    unsetenv("LISTEN_PID")
    // A socket that does not listen, and no socket at all.
    let saved = dup(3)
    let socket = try UnixSocket.make(.packets)
    try #require(dup2(socket.raw, 3) == 3)
    #expect(throws: Startup.NoListener.self) { try Startup.inheritedListener() }
    let null = try Descriptor.open("/dev/null", O_RDONLY)
    try #require(dup2(null.raw, 3) == 3)
    #expect(throws: Startup.NoListener.self) { try Startup.inheritedListener() }
    if saved >= 0 { dup2(saved, 3) }
  }
}
