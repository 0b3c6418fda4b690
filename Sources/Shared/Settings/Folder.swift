import Glibc

/// A folder that a process needs, for `-check-config`.
public struct Folder {
  private let path: String

  public init(_ path: String) { self.path = path }

  /// Whether this user can write in it, or may once launcher has made it.
  public func finding(_ subject: String, _ purpose: String) -> Finding {
    if access(path, F_OK) != 0 && errno == ENOENT {
      return Finding(.ready, subject, "\(path): launcher makes it at its start")
    }
    guard access(path, R_OK | W_OK | X_OK) == 0 else {
      return Finding(
        .missing, subject, "\(path): user \(geteuid()) cannot \(purpose): \(String(cString: strerror(errno)))",
        remedy: "give the folder to user \(geteuid()), or name another one")
    }
    return Finding(.ready, subject, path)
  }
}
