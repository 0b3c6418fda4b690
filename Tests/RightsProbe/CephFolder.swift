import CProbe
import CShims
import Glibc

/// A /etc/ceph of this process's own: a configuration, the key of the client that machines are, and the admin's, each
/// of which its owner would let everybody read and write.
enum CephFolder {
  static let path = "/etc/ceph"
  /// CLONE_NEWNS of linux/sched.h
  private static let newMounts = 0x0002_0000
  private static let names = ["ceph.conf", "ceph.client.launcher.keyring", "ceph.client.admin.keyring"]

  /// In a mount namespace of its own, over the folder that is there.
  static func make() {
    let type = strdup("tmpfs")
    let (source, target) = (Int(bitPattern: type), Int(bitPattern: strdup(path)))
    // Nothing that is mounted here is to be seen elsewhere.
    let (root, own) = (Int(bitPattern: strdup("/")), Int(MS_REC | MS_PRIVATE))
    guard Attempts.call(SYS_unshare, newMounts) == 0, Attempts.call(SYS_mount, 0, root, 0, own, 0) == 0,
      Attempts.call(SYS_mount, source, target, source, 0, 0) == 0
    else { RightsProbe.fail("mount \(path): \(String(cString: strerror(errno)))") }
    for name in names {
      let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
      guard file >= 0, fchmod(file, 0o666) == 0 else { RightsProbe.fail("make \(path)/\(name)") }
      close(file)
    }
  }
}
