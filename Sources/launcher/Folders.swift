import Glibc
import Glog
import Linux

/// The folders that the processes work in. What is missing is made, with its owner; what is there is left as it is.
enum Folders {
  /// - users: nil when everything runs as one user.
  static func prepare(stateFolder: String, users: ProcessUsers?) throws {
    try make(stateFolder, owner: nil, mode: 0o755)
    try make("\(stateFolder)/images", owner: nil, mode: 0o755)
    try make("\(stateFolder)/instances", owner: users.map { ($0.vmm.uid, $0.vmm.gid) }, mode: 0o700)
    try make("\(stateFolder)/local", owner: users.map { ($0.net.uid, $0.net.gid) }, mode: 0o700)
  }

  /// Makes a folder and those above it.
  static func make(_ path: String, owner: (uid_t, gid_t)?, mode: mode_t) throws(SystemError) {
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else { throw SystemError("use as a folder", path, code: ENOTDIR) }
      return
    }
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try make(String(path[..<slash]), owner: nil, mode: 0o755)
    }
    try Files.makeFolder(path, mode: mode)
    if let owner, chown(path, owner.0, owner.1) != 0 { throw SystemError("chown", path) }
    log.info("made folder \(path)")
  }
}
