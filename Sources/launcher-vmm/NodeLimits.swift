import CShims
import Channel
import Glibc
import Linux
import Settings

/// What the node has, and who decides which of it limits what it takes on: its operator, else the scheduler.
struct NodeLimits {
  /// MiB.
  let memoryMB: Int
  /// 10^6 bytes.
  let diskMB: Int
  /// As the options have it.
  private let memoryOption: Option
  private let diskOption: Option
  private let maximumInstances: Int
  private let refuses: Bool

  private struct Option {
    let name: String
    let value: Bool
    let isGiven: Bool

    func or(_ configured: Bool?) -> Bool { isGiven ? value : configured ?? value }
  }

  init(_ settings: Settings, memoryMB: Int, diskMB: Int) {
    self.memoryMB = memoryMB
    self.diskMB = diskMB
    memoryOption = Option(name: "mem-limit", value: settings.limitsMemory, isGiven: settings.isGiven("mem-limit"))
    diskOption = Option(name: "disk-limit", value: settings.limitsDisk, isGiven: settings.isGiven("disk-limit"))
    maximumInstances = settings.maximumInstances
    refuses = settings.rejectsWhenFull
  }

  /// Of this node, whose instances are in a folder.
  init(_ settings: Settings, instances: Descriptor) throws(SystemError) {
    self.init(settings, memoryMB: Self.nodeMemoryMB(), diskMB: try Self.diskMB(of: instances))
  }

  func capacity(_ configured: ConfiguredLimits = ConfiguredLimits()) -> Capacity {
    Capacity(
      maximumInstances: maximumInstances, memoryMB: memoryOption.or(configured.memory) ? memoryMB : nil,
      diskMB: diskOption.or(configured.disk) ? diskMB : nil, refuses: refuses)
  }

  /// The options that decide against what was configured.
  func overruling(_ configured: ConfiguredLimits) -> [String] {
    [(memoryOption, configured.memory), (diskOption, configured.disk)].compactMap { option, wish in
      wish == nil || wish == option.or(wish) ? nil : "-" + option.name
    }
  }

  /// The memory of this node in MiB, as the kernel counts it.
  private static func nodeMemoryMB() -> Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let pageSize = sysconf(Int32(_SC_PAGESIZE))
    return pages > 0 && pageSize > 0 ? pages / (1_048_576 / pageSize) : 0
  }

  /// The size of the file system of a folder in 10^6 bytes.
  private static func diskMB(of folder: Descriptor) throws(SystemError) -> Int {
    var status = statfs()
    guard fstatfs(folder.raw, &status) == 0 else { throw SystemError("statfs", "the instances folder") }
    return Int(status.f_blocks) * Int(status.f_bsize) / 1_000_000
  }
}
