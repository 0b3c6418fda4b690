import Glibc
import Linux
import Settings
import Spawning

/// What `-check-config` says of RBD volumes.
enum RBDReadiness {
  /// Bytes of a ceph.conf.
  private static let fileLimit = 1 << 20
  private static let option = "client_mount_timeout"
  /// Seconds that Ceph's library waits for a monitor where nobody says otherwise.
  private static let defaultTimeout = 300.0

  static func findings(_ pool: RBDPool) -> [Finding] { [driver, configuration, key(of: pool)] }

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

  private static var configuration: Finding {
    let path = RBDPool.configuration
    do {
      let text = String(decoding: try Files.read(path, limit: fileLimit), as: UTF8.self)
      let seconds = mountTimeout(in: text)
      guard let seconds, seconds > 0, seconds < Machine.commandDeadline else {
        return Finding(
          .limited, "ceph.conf",
          "\(path): \(option) is \(seconds.map { "\(Int($0))" } ?? "not there, so \(Int(defaultTimeout))") s: a machine "
            + "stands still so long where no monitor answers",
          remedy: "set \(option) = 5 in its section [client]")
      }
      return Finding(.ready, "ceph.conf", path)
    } catch {
      return Finding(
        .missing, "ceph.conf", "user \(geteuid()): \(error)",
        remedy: "write it with the monitors' addresses, and chmod o+r \(path)")
    }
  }

  /// nil: it is not there. Ceph takes spaces and hyphens for underscores.
  static func mountTimeout(in text: String) -> Double? {
    for line in text.split(whereSeparator: \.isNewline) {
      let parts = line.prefix { $0 != "#" && $0 != ";" }.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let words = parts[0].split { $0 == " " || $0 == "\t" || $0 == "_" || $0 == "-" }
      guard words.joined(separator: "_") == option else { continue }
      return Double(parts[1].filter { !$0.isWhitespace && $0 != "s" })
    }
    return nil
  }

  private static func key(of pool: RBDPool) -> Finding {
    guard access(pool.keyring, R_OK) == 0 else {
      return Finding(
        .missing, "Ceph key", "\(pool.keyring): user \(geteuid()): \(String(cString: strerror(errno)))",
        remedy:
          "ceph auth get-or-create \(pool.client) mon 'profile rbd' osd 'profile rbd pool=\(pool.pool)' "
          + "-o \(pool.keyring), and give it to user \(geteuid())")
    }
    return Finding(.ready, "Ceph key", pool.keyring)
  }
}
