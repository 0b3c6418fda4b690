import CShims
import Glibc

/// Children that are further processes of the same program, with rights of their own.
public enum ChildFork {
  /// The number of the child's end of the socket pair: the first behind standard input, output and error.
  private static let socket: Int32 = 3

  /// Bytes of a process's name for itself, as the kernel keeps it.
  private static let longestName = 15

  /// Forks a child that dies with this process and holds none of its descriptors but the standard ones and an end of
  /// a socket pair, with which it runs `body`. Returns in this process with the other end.
  public static func fork(_ name: String, _ body: (Descriptor) -> Never) throws(SystemError) -> Descriptor {
    let (ours, theirs) = try UnixSocket.pair()
    let parent = getpid()
    let pid = sh_fork()
    if pid < 0 { throw SystemError("fork", name, code: -pid) }
    if pid > 0 { return ours }
    // What ps and the audit know it by.
    String(name.prefix(longestName)).withCString { _ = sh_prctl(PR_SET_NAME, UInt(bitPattern: $0), 0, 0, 0) }
    _ = sh_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL), 0, 0, 0)
    guard getppid() == parent, dup2(theirs.raw, socket) == socket, fcntl(socket, F_SETFD, FD_CLOEXEC) == 0,
      sh_close_from(socket + 1) == 0
    else { exit(1) }
    body(Descriptor(socket))
  }
}
