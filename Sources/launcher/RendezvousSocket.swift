import Channel
import Glibc
import Linux

/// The rendezvous socket, made here and listened on by launcher-vmm: what a socket unit is under systemd.
enum RendezvousSocket {
  struct InUse: Error, CustomStringConvertible {
    let path: String
    var description: String { "\(path): another launcher listens there; stop it, or give this one another -rendezvous" }
  }

  /// Milliseconds to wait for the processes of an earlier launcher that was killed, and between two looks.
  private static let patience = 3000
  private static let pause = 10

  private static func waitUntilUnused(_ path: String) throws {
    for _ in 0..<patience / pause {
      let probe = try UnixSocket.make(.packets)
      do {
        try UnixSocket.connect(probe, to: path)
      } catch {
        // Nobody listens, or nothing is there. A listener whose queue is full (EAGAIN) is one.
        if [ECONNREFUSED, ENOENT].contains(error.code) { return }
        guard error.code == EAGAIN else { throw error }
      }
      usleep(UInt32(pause) * 1000)
    }
    throw InUse(path: path)
  }

  /// A listening socket that launcher-net's user and launcher-stats's group may connect to, and nobody else.
  static func make(at path: String, users: ProcessUsers?) throws -> Descriptor {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    try Folders.make(folder, owner: nil, mode: 0o755)
    try waitUntilUnused(path)
    guard unlink(path) == 0 || errno == ENOENT else { throw SystemError("unlink", path) }
    let socket = try UnixSocket.make(.packets)
    let mask = umask(0o177)
    defer { umask(mask) }
    try UnixSocket.listen(socket, at: path, backlog: Rendezvous.backlog)
    if let users {
      guard chown(path, users.net.uid, users.stats.gid) == 0, chmod(path, 0o660) == 0 else {
        throw SystemError("chown", path)
      }
    }
    return socket
  }
}
