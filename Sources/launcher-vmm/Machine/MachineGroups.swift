import Glibc
import Glog
import Instances
import Linux

/// The control groups of machines, below the one of launcher-vmm's unit: each machine has one of its own with limits
/// (cgroup v2). Only where the unit's group is delegated to this user.
///
///     launcher-vmm.service     domain of the three controllers; systemd starts the main process here
///       manager                launcher-vmm and its children, before machines where all want the processor
///       vm-UUID                one QEMU
///
/// The kernel lets no process stay in a group that passes controllers on, so launcher-vmm leaves the unit's group before
/// it does so, and the unit's ExecStopPost= takes the controllers back before systemd starts the next one there. The
/// machines stay where they are, without limits for that moment; `place` gives them back at take-over.
struct MachineGroups {
  struct Unavailable: Error, CustomStringConvertible {
    let description: String
  }

  /// What differs in tests.
  struct Node {
    /// The file that names this process's group.
    var membership = "/proc/self/cgroup"
    /// Where control groups are mounted.
    var mount = "/sys/fs/cgroup"
  }

  private static let controllers = ["memory", "cpu", "pids"]
  private static let managerName = "manager"
  /// Of processor time, where all want it: a machine has 100. launcher and its tools need little, and at once.
  private static let managerWeight = 1000
  private static let prefix = "vm-"
  private static let processes = "cgroup.procs"
  /// Bytes: a line for each hierarchy, a number for each process.
  private static let fileLimit = 1_048_576
  /// Rounds in which processes are moved out of the unit's group.
  private static let maximumRounds = 16

  /// The unit's group.
  let path: String
  private let group: Descriptor

  /// Takes the unit's group for this process and the children it will have, as the user `uid` that it is to run as.
  /// To be called before there are any.
  init(for uid: uid_t, on node: Node = Node()) throws {
    path = node.mount + (try Self.unit(node.membership))
    let folder: Descriptor
    do {
      folder = try Descriptor.folder(path)
      // To another user's it was not delegated; and what is root's nobody has given away.
      guard uid != 0, try folder.status().st_uid == uid else {
        throw Unavailable(description: "\(path) is not delegated to user \(uid)")
      }
      let offered = try Self.words(of: "cgroup.controllers", in: folder)
      let lacking = Self.controllers.filter { !offered.contains($0) }
      guard lacking.isEmpty else {
        throw Unavailable(description: "\(path) has no \(lacking.joined(separator: ", ")) controller")
      }
    } catch let error as SystemError {
      throw Unavailable(description: "\(error)")
    }
    group = folder
    try vacate()
    try Self.write(Self.controllers.map { "+\($0)" }.joined(separator: " "), to: "cgroup.subtree_control", in: group)
    favourManager()
    removeEmpty()
  }

  /// Machines that compute must not keep commands waiting.
  private func favourManager() {
    do {
      try Self.write(
        "\(Self.managerWeight)", to: "cpu.weight", in: Descriptor.folder(Self.managerName, in: group))
    } catch {
      log.warning("while machines compute, commands may have to wait for a processor: \(error)")
    }
  }

  /// The group of this process's unit in the hierarchy of version 2, when it is a service's.
  private static func unit(_ file: String) throws -> String {
    let lines = String(decoding: try Files.read(file, limit: fileLimit), as: UTF8.self).split(separator: "\n")
    guard let path = lines.first(where: { $0.hasPrefix("0::/") })?.dropFirst(3), path.hasSuffix(".service") else {
      throw Unavailable(description: "this process is in no control group (version 2) of a service")
    }
    return String(path)
  }

  /// Moves all processes out of the unit's group: this one, and machines that started before they had groups.
  private func vacate() throws {
    try Self.makeGroup(Self.managerName, in: group)
    let manager = try Descriptor.folder(Self.managerName, in: group)
    for _ in 0..<Self.maximumRounds {
      let left = try Self.words(of: Self.processes, in: group)
      if left.isEmpty { return }
      for pid in left { try Self.move(pid, to: manager) }
    }
    throw Unavailable(description: "processes go on appearing in the unit's own control group")
  }

  /// Puts a machine into its group, with its limits; also one that is there already.
  func place(_ pid: pid_t, of instance: Identifier, _ limits: MachineLimits) {
    do {
      let name = Self.prefix + instance.text
      try Self.makeGroup(name, in: group)
      let folder = try Descriptor.name(name, in: group)
      for (name, value) in limits.files { try Self.write(value, to: name, in: folder) }
      try Self.write("\(pid)", to: Self.processes, in: folder)
    } catch {
      log.error("\(instance): \(error): its machine runs without limits of memory and CPU")
    }
  }

  /// Removes the group of a machine that has ended. False while the kernel keeps it: a process that was killed for its
  /// memory, and threads that the kernel had for the machine (KVM's), leave it some moments later.
  func remove(_ instance: Identifier) -> Bool {
    unlinkat(group.raw, Self.prefix + instance.text, AT_REMOVEDIR) == 0 || errno == ENOENT
  }

  /// Removes the groups of machines that have ended; the kernel keeps those with a process in them.
  private func removeEmpty() {
    for name in (try? Files.names(in: group)) ?? [] where name.hasPrefix(Self.prefix) {
      _ = unlinkat(group.raw, name, AT_REMOVEDIR)
    }
  }

  private static func makeGroup(_ name: String, in folder: Descriptor) throws(SystemError) {
    guard mkdirat(folder.raw, name, 0o755) == 0 || errno == EEXIST else {
      throw SystemError("make control group", name)
    }
  }

  /// A process that has ended meanwhile is nowhere.
  private static func move(_ pid: String, to group: Descriptor) throws(SystemError) {
    do {
      try write(pid, to: processes, in: group)
    } catch {
      guard error.code == ESRCH else { throw error }
    }
  }

  private static func words(of name: String, in folder: Descriptor) throws -> [String] {
    String(decoding: try Files.read(name, in: folder, limit: fileLimit), as: UTF8.self)
      .split(whereSeparator: \.isWhitespace).map(String.init)
  }

  private static func write(_ text: String, to name: String, in folder: Descriptor) throws(SystemError) {
    // One write(2): the kernel takes each as a whole.
    try Files.write(Array(text.utf8), to: Descriptor.open(name, O_WRONLY | O_NOFOLLOW, in: folder), named: name)
  }
}
