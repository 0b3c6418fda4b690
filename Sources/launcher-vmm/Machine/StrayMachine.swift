import AsyncLoop
import CShims
import Glibc
import Channel
import Instances
import JSON
import Linux
import Loop
import Spawning

/// A QEMU of this launcher that no instance's folder leads to, because somebody removed the folder by hand.
@LoopActor struct StrayMachine {
  let instance: Identifier
  let pid: pid_t
  private let pidfd: Descriptor

  /// Seconds that a process may take to end after SIGKILL.
  private static let endDeadline = 10.0

  /// All processes of this user that say they are QEMU at work on an instance of the folder at `instances`.
  static func all(of instances: String) throws(SystemError) -> [StrayMachine] {
    let processes = try Descriptor.folder("/proc")
    return try Files.names(in: processes).compactMap { name in
      var status = stat()
      guard let pid = pid_t(name), fstatat(processes.raw, name, &status, 0) == 0, status.st_uid == geteuid() else {
        return nil
      }
      let raw = sh_pidfd_open(pid)
      guard raw >= 0 else { return nil }
      let pidfd = Descriptor(raw)
      // Read when the number can no longer pass to another process unseen.
      guard let line = CommandLine(of: pid), let instance = line.instance(in: instances) else { return nil }
      return StrayMachine(instance: instance, pid: pid, pidfd: pidfd)
    }
  }

  /// Ends it; false when it is still there after a while.
  func kill() async -> Bool {
    _ = sh_pidfd_signal(pidfd.raw, SIGKILL)
    return await LoopActor.wait(pidfd.raw, .readable, until: .after(seconds: Self.endDeadline))
  }

  /// What a process says it was started with.
  struct CommandLine {
    /// Bytes: a machine's is some thousand, most of it paths.
    private static let limit = 131_072

    let words: [String]

    init?(of pid: pid_t) {
      guard let bytes = try? Files.read("/proc/\(pid)/cmdline", limit: Self.limit) else { return nil }
      self.init(bytes)
    }

    init(_ bytes: [UInt8]) { words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } }

    /// The instance whose machine it is: QEMU of that name, with that instance's disk in the folder at `instances`.
    func instance(in instances: String) -> Identifier? {
      guard let program = words.first, program == Program.qemu.name || program.hasSuffix("/\(Program.qemu.name)"),
        let name = words.firstIndex(of: "-name"), name + 1 < words.count, words[name + 1].hasPrefix("guest="),
        let instance = Identifier(words[name + 1].dropFirst("guest=".count))
      else { return nil }
      let disk = JSONValue.string("\(instances)/\(instance)/\(InstanceDisk.name)").description
      return words.contains { $0.hasPrefix("{") && $0.contains(disk) } ? instance : nil
    }
  }
}
