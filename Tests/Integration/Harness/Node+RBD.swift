import Foundation

extension Node {
  /// A node whose volumes are RBD images; what it has of Ceph is below `node.ceph`.
  static func withRBD(_ volumes: String = "rbd:volumes") -> Options {
    var options = Options(["volumes": volumes])
    options.hasCeph = true
    return options
  }

  /// What launcher and its machines find at /etc/ceph.
  var ceph: String { "\(folder)/ceph" }

  /// The command that executes a program that finds it there: in a mount namespace of its own.
  var cephAccess: [String] {
    guard options.hasCeph else { return [] }
    return [
      "/usr/bin/unshare", "--mount", "/bin/sh", "-c", "mount --bind \(ceph) \(Self.systemCeph) && exec \"$@\"", "sh",
    ]
  }

  static let systemCeph = "/etc/ceph"

  /// Makes the folder that is mounted over, where there is none; true: it is to be removed again.
  static func makeSystemCeph() -> Bool { mkdir(systemCeph, 0o755) == 0 }

  /// Writes a ceph.conf for a client that waits so many seconds for a monitor, and the client's key.
  func writeCeph(monitors: String, user: String = "launcher", timeout: Int = 1, name: String = "ceph.conf") throws {
    try Data(
      """
      [global]
      mon host = \(monitors)
      [client]
      client mount timeout = \(timeout)

      """.utf8
    ).write(to: URL(fileURLWithPath: "\(ceph)/\(name)"))
    // A key as Ceph has them: kind, time, length, bytes.
    let key = Data([1, 0] + [UInt8](repeating: 0, count: 8) + [16, 0] + [UInt8](repeating: 7, count: 16))
    let keyring = "\(ceph)/ceph.client.\(user).keyring"
    try Data("[client.\(user)]\nkey = \(key.base64EncodedString())\n".utf8).write(to: URL(fileURLWithPath: keyring))
    try giveKey(of: user)
  }

  /// A client's key is launcher-vmm's to read, and nobody else's.
  func giveKey(of user: String = "launcher") throws {
    let keyring = "\(ceph)/ceph.client.\(user).keyring"
    guard chown(keyring, Self.vmmUser, Self.vmmUser) == 0, chmod(keyring, 0o400) == 0 else {
      throw trouble("give \(keyring) to launcher-vmm")
    }
  }
}
