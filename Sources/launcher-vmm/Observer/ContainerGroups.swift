import Glibc
import Instances
import Linux

/// The files of a container's control groups, which everybody may read.
///
/// The engine decides where they are: by its driver (its own folders, or systemd's slices) and by the kernel's version of
/// control groups. A container's id is in the last folder's name, so all places that are in use can be tried.
struct ContainerGroups {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  /// memory.stat
  let memory: Descriptor
  /// cpu.stat of version 2, cpuacct.usage of version 1.
  let time: Descriptor

  private static let root = "/sys/fs/cgroup"

  private static func folders(of id: ContainerID) -> [String] {
    [
      "docker/\(id.text)", "system.slice/docker-\(id.text).scope", "machine.slice/libpod-\(id.text).scope",
      "libpod_parent/libpod-\(id.text)",
    ]
  }

  init(of id: ContainerID) throws {
    for folder in Self.folders(of: id) {
      // Version 2 has one tree, mounted at the root; version 1 has one for each controller.
      if let memory = Self.open("\(folder)/memory.stat"), let time = Self.open("\(folder)/cpu.stat") {
        (self.memory, self.time) = (memory, time)
        return
      }
      if let memory = Self.open("memory/\(folder)/memory.stat"),
        let time = Self.open("cpuacct/\(folder)/cpuacct.usage")
      {
        (self.memory, self.time) = (memory, time)
        return
      }
    }
    throw Missing(
      description:
        "no control group of container \(id) below \(Self.root) (\(Self.folders(of: id).joined(separator: ", ")))")
  }

  private static func open(_ path: String) -> Descriptor? { try? .open("\(root)/\(path)", O_RDONLY) }
}
