import Glibc
import Linux

/// The folder of a server: its certificates and its control socket.
struct ServerFolder {
  /// Without symbolic links, so that it means the same to a launcher that runs elsewhere.
  let path: String
  let descriptor: Descriptor

  static let controlName = "control"

  var control: String { "\(path)/\(Self.controlName)" }

  static let rootsPath = "/run/launcherctl"

  static var defaultPath: String {
    let user = geteuid()
    if user == 0 { return rootsPath }
    if let runtime = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), runtime.hasPrefix("/") {
      return "\(runtime)/launcherctl"
    }
    return "/tmp/launcherctl-\(user)"
  }

  /// Opens the folder, made (0700) where it is absent. It must be this user's alone to write: whoever else could
  /// write into it could have a launcher trust certificates of their own.
  init(making path: String) throws {
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemError("mkdir", path) }
    descriptor = try Descriptor.folder(path)
    let status = try descriptor.status()
    guard status.st_uid == geteuid() else {
      throw Failure(
        "cannot use folder \(path): it belongs to user \(status.st_uid), not to \(geteuid()); name another with -dir")
    }
    guard status.st_mode & 0o022 == 0 else {
      throw Failure("cannot use folder \(path): others may write into it; chmod it to 0700 or name another with -dir")
    }
    guard let resolved = realpath(path, nil) else { throw SystemError("resolve", path) }
    self.path = String(cString: resolved)
    free(resolved)
  }

  /// Makes this process the folder's one server until it ends.
  func lock() throws {
    if flock(descriptor.raw, LOCK_EX | LOCK_NB) == 0 { return }
    guard errno == EWOULDBLOCK else { throw SystemError("flock", path) }
    let process = serverProcess().map { " (process \($0))" } ?? ""
    throw Failure(
      "a server already runs in \(path)\(process): stop it, or give this one a folder of its own with -dir")
  }

  /// Who listens at the control socket, where somebody does.
  private func serverProcess() -> pid_t? {
    guard let socket = try? UnixSocket.make(.stream), (try? UnixSocket.connect(socket, to: control)) != nil else {
      return nil
    }
    return try? UnixSocket.peer(of: socket).pid
  }
}

/// A failure that is told to the person at the terminal as it is.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
