import Instances

/// What a machine may take of the node, in the words of its control group's files (the kernel's cgroup-v2.rst).
///
/// The guest has what its START asks for; QEMU itself needs something beside that, and a bound that it reached in
/// ordinary work would end machines that do no harm.
struct MachineLimits: Equatable {
  /// MiB beside the guest's memory: QEMU, its buffers, the code that it translates without KVM.
  static let memoryOverheadMB = 1024
  /// Of the guest's memory, for the tables that map it.
  static let memoryOverheadShare = 32
  /// CPUs beside the guest's, for disk requests, network and monitor.
  static let extraCPUs = 1
  /// Threads beside one for each of the guest's CPUs: QEMU's own few, and up to 64 for disk requests.
  static let extraThreads = 128
  /// Microseconds over which the kernel counts CPU time.
  private static let period = 100_000

  /// File and content, in the order in which they are written.
  let files: [(name: String, value: String)]

  init(_ resources: Resources) {
    let memoryMB = resources.memoryMB + resources.memoryMB / Self.memoryOverheadShare + Self.memoryOverheadMB
    files = [
      ("memory.max", "\(memoryMB * 1_048_576)"),
      ("cpu.max", "\((resources.vcpus + Self.extraCPUs) * Self.period) \(Self.period)"),
      ("pids.max", "\(resources.vcpus + Self.extraThreads)"),
    ]
  }

  static func == (a: MachineLimits, b: MachineLimits) -> Bool {
    a.files.map(\.name) == b.files.map(\.name) && a.files.map(\.value) == b.files.map(\.value)
  }
}
