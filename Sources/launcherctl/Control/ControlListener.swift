import Glibc
import Linux

/// The control socket of a server: for root and the server's own user.
enum ControlListener {
  private static let backlog: Int32 = 16

  /// Listens in a folder that this process has locked, so that a socket found there is that of a dead server.
  static func open(in folder: ServerFolder) throws(SystemError) -> Descriptor {
    try Files.remove(ServerFolder.controlName, in: folder.descriptor)
    let socket = try UnixSocket.make(.stream)
    // The socket's file has mode 0600 from its first moment on.
    let mask = umask(0o177)
    defer { umask(mask) }
    try UnixSocket.listen(socket, at: folder.control, backlog: backlog)
    return socket
  }

  static func checkPeer(of socket: Descriptor) throws {
    let peer = try UnixSocket.peer(of: socket)
    guard peer.uid == 0 || peer.uid == geteuid() else {
      throw Failure("process \(peer.pid) belongs to user \(peer.uid)")
    }
  }
}
