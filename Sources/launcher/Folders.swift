import Confinement
import Glibc
import Glog
import Linux
import Settings

/// The folders that the processes work in. What is missing is made, with its owner; what is there is left as it is.
enum Folders {
  /// - users: nil when everything runs as one user.
  static func prepare(_ options: Settings, users: ProcessUsers?) throws {
    let stateFolder = options.stateFolder
    try make(stateFolder, owner: nil, mode: 0o755)
    try make("\(stateFolder)/images", owner: nil, mode: 0o755)
    try make("\(stateFolder)/instances", owner: users?.vmm, mode: 0o700)
    try make("\(stateFolder)/local", owner: users?.net, mode: 0o700)
    if !options.metricsFolder.isEmpty { try make(options.metricsFolder, owner: users?.stats, mode: 0o755) }
  }

  /// A folder of its own for each program that logs to files.
  static func prepareLogs(_ options: Settings, users: ProcessUsers?) throws {
    guard !options.log.toStandardError else { return }
    for (program, user) in [
      (LauncherProgram.launcher, nil), (.net, users?.net), (.vmm, users?.vmm), (.stats, users?.stats),
    ] {
      try make("\(options.log.folder)/\(program.rawValue)", owner: user, mode: 0o750)
    }
  }

  /// Makes a folder and those above it.
  static func make(_ path: String, owner: UserIDs?, mode: mode_t) throws(SystemError) {
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else { throw SystemError("use as a folder", path, code: ENOTDIR) }
      return
    }
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try make(String(path[..<slash]), owner: nil, mode: 0o755)
    }
    try Files.makeFolder(path, mode: mode)
    if let owner, chown(path, owner.uid, owner.gid) != 0 { throw SystemError("chown", path) }
    log.info("made folder \(path)")
  }
}
