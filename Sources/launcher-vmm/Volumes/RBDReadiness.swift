import Glibc
import Linux
import Settings
import Spawning

/// What `-check-config` says of RBD volumes.
enum RBDReadiness {
  /// Bytes of a ceph.conf.
  private static let fileLimit = 1 << 20
  static func findings(_ pool: RBDPool) -> [Finding] { [driver, configuration(of: pool), key(of: pool)] }

  /// It cannot succeed: what it fails for tells whether QEMU has the driver.
  private static var driver: Finding {
    let subject = "RBD driver"
    let arguments = [
      "-machine", "none", "-nodefaults", "-display", "none", "-blockdev",
      "driver=rbd,node-name=volume,pool=none,image=none,conf=/nonexistent/ceph.conf,user=none",
    ]
    guard let path = ProgramPaths().path(of: .qemu),
      let output = ProgramOutput.of(path, arguments, takesErrors: true), !output.contains("Unknown driver")
    else {
      return Finding(
        .missing, subject, "QEMU has none, and opens no RBD image", remedy: "apt-get install qemu-block-extra")
    }
    return Finding(.ready, subject, path)
  }

  private static func configuration(of pool: RBDPool) -> Finding {
    let path = RBDPool.configuration
    do {
      let text = String(decoding: try Files.read(path, limit: fileLimit), as: UTF8.self)
      if let finding = linkOut(of: path, "ceph.conf") { return finding }
      let found = CephConfiguration.mountTimeout(in: text, of: pool.client)
      if case .seconds(let seconds) = found, (1..<Int(Machine.commandDeadline)).contains(seconds) {
        return Finding(.ready, "ceph.conf", path)
      }
      return Finding(
        .limited, "ceph.conf",
        "\(path): \(CephConfiguration.option) is \(said(found)): a machine stands still so long where no monitor answers",
        remedy: "set \(CephConfiguration.option) = 5 in its section [client], and in no [\(pool.client)]")
    } catch {
      return Finding(
        .missing, "ceph.conf", "user \(geteuid()): \(error)",
        remedy: "write it with the monitors' addresses, and chmod o+r \(path)")
    }
  }

  private static func said(_ timeout: CephConfiguration.Timeout?) -> String {
    let otherwise = "so \(CephConfiguration.defaultTimeout) s"
    return switch timeout {
    case nil: "not there, \(otherwise)"
    case .seconds(let seconds): "\(seconds) s"
    case .unreadable(let text): "'\(text)', no number of seconds, \(otherwise) or what Ceph makes of it"
    }
  }

  private static func key(of pool: RBDPool) -> Finding {
    let subject = "Ceph key"
    let path = pool.keyring
    guard access(path, R_OK) == 0 else {
      return Finding(
        .missing, subject, "\(path): user \(geteuid()): \(String(cString: strerror(errno)))",
        remedy:
          "(umask 077; ceph auth get-or-create \(pool.client) mon 'profile rbd' osd '\(capability(of: pool))' "
          + "-o \(path)), and give it to user \(geteuid())")
    }
    if let finding = linkOut(of: path, subject) { return finding }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
      return Finding(
        .limited, subject, "\(path): others than its owner may use it",
        remedy: "give it to user \(geteuid()), and chmod 400 it")
    }
    return Finding(.ready, subject, path)
  }

  static func capability(of pool: RBDPool) -> String {
    "profile rbd pool=\(pool.pool)" + (pool.namespace.map { " namespace=\($0)" } ?? "")
  }

  /// Machines may read files of the folder, and none that a link there leads to.
  private static func linkOut(of path: String, _ subject: String) -> Finding? {
    guard let folder = resolved(RBDPool.folder), let file = resolved(path), !file.hasPrefix(folder + "/") else {
      return nil
    }
    return Finding(
      .missing, subject, "\(path) leads to \(file), which machines may not read",
      remedy: "put the file itself into \(RBDPool.folder)")
  }

  private static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
