import CShims
import Channel
import Glibc
import Glog
import Instances
import Linux

/// The instances as launcher-vmm told of them, and their figures.
///
/// What a sample costs is bounded: the kernel walks all of a machine's memory to tell its proportional size, which takes
/// a millisecond for every hundred megabytes in small pages. So no more of them are asked for in one sample than fit its
/// budget; the rest keep their earlier figure, and are measured before the next sample as `catchUp` is called.
final class InstanceSampler {
  /// Nanoseconds of CPU time that one sample may spend on memory figures.
  static let sampleBudget: Int64 = 5_000_000
  /// The same for one call of `catchUp`.
  static let catchUpBudget: Int64 = 10_000_000
  /// Bytes: the largest text is a smaps_rollup of some 900.
  private static let textLimit = 4096

  private final class Entry {
    var record: InstanceRecord
    var files: InstanceFiles
    var share = CPUShare()
    var memoryMB = -1
    /// The number of the sample that measured its memory; 0 for none.
    var measured: UInt64 = 0
    /// What has been complained about: a value that cannot be read is logged once, not at every sample.
    var complaints: Set<String> = []

    init(_ record: InstanceRecord, _ files: InstanceFiles) {
      self.record = record
      self.files = files
    }
  }

  private var entries: [Identifier: Entry] = [:]
  private var buffer = [UInt8](repeating: 0, count: InstanceSampler.textLimit)
  private var sampleNumber: UInt64 = 0
  private let ticksPerSecond = sysconf(Int32(_SC_CLK_TCK))
  private let clock: () -> Int64
  private let spent: () -> Int64

  /// - Parameters:
  ///   - clock: nanoseconds on a clock that never goes back.
  ///   - spent: nanoseconds of CPU time that this process has used.
  init(
    clock: @escaping () -> Int64 = { Moment.now.nanoseconds },
    spent: @escaping () -> Int64 = {
      var time = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
      return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
  ) {
    self.clock = clock
    self.spent = spent
  }

  func update(_ record: InstanceRecord, _ files: InstanceFiles) {
    guard let entry = entries[record.instance] else {
      entries[record.instance] = Entry(record, files)
      return
    }
    entry.record = record
    entry.files = files
    if files.memory == nil {
      entry.memoryMB = -1
      entry.measured = 0
    }
  }

  func remove(_ id: Identifier) { entries[id] = nil }

  /// Forgets every other instance.
  func keep(only ids: Set<Identifier>) { entries = entries.filter { ids.contains($0.key) } }

  /// All instances in the order of their identifiers.
  func sample() -> [InstanceSample] {
    sampleNumber += 1
    _ = measureMemory(within: Self.sampleBudget)
    return entries.values.map(sample).sorted { $0.instance < $1.instance }
  }

  /// Measures the memory of instances whose turn has not come since the last sample; false when there is none left.
  func catchUp() -> Bool { measureMemory(within: Self.catchUpBudget) }

  private func measureMemory(within budget: Int64) -> Bool {
    let limit = spent() + budget
    let due = entries.values.filter { $0.files.memory != nil && $0.measured < sampleNumber }
    for entry in due.sorted(by: { $0.measured < $1.measured }) {
      entry.measured = sampleNumber
      let figure = read(
        entry.files.memory, "memory", of: entry,
        entry.record.kind == .docker ? InstanceFigures.memory(memoryStat:) : InstanceFigures.memory(smapsRollup:))
      entry.memoryMB = figure ?? -1
      if spent() >= limit { return true }
    }
    return false
  }

  private func sample(_ entry: Entry) -> InstanceSample {
    let record = entry.record
    var sample = InstanceSample(instance: record.instance, state: record.state)
    sample.sshIP = record.sshIP?.description ?? ""
    sample.sshPort = Int(record.sshPort)
    sample.volumes = record.volumes
    sample.memoryUsageMB = record.memoryMB ?? entry.memoryMB
    sample.diskUsageMB = disk(entry)
    if let usage = record.cpuUsage {
      sample.cpuUsage = usage
      return sample
    }
    let isContainer = record.kind == .docker
    let time = read(
      entry.files.time, "CPU time", of: entry,
      isContainer ? InstanceFigures.time(group:) : InstanceFigures.time(stat:))
    sample.cpuUsage = entry.share.update(
      time, at: clock(), vcpus: record.vcpus,
      ticksPerSecond: isContainer ? InstanceFigures.groupTicksPerSecond : ticksPerSecond)
    return sample
  }

  private func disk(_ entry: Entry) -> Int {
    guard let disk = entry.files.disk else { return entry.record.diskMB ?? -1 }
    do {
      if let figure = try InstanceFigures.disk(blocks: disk.status().st_blocks) { return figure }
      complain("its disk has an absurd number of blocks", entry)
    } catch {
      complain("its disk: \(error)", entry)
    }
    return -1
  }

  /// Reads a text and computes a figure of it.
  private func read<Figure>(
    _ file: Descriptor?, _ what: String, of entry: Entry, _ compute: (UnsafeRawBufferPointer) -> Figure?
  ) -> Figure? {
    guard let file else { return nil }
    let count = buffer.withUnsafeMutableBytes { pread(file.raw, $0.baseAddress, $0.count, 0) }
    // The process, or the container's group, has ended, and launcher-vmm is about to say so.
    if count < 0 && [ESRCH, ENODEV].contains(errno) { return nil }
    guard count > 0 else {
      complain("\(what): \(count < 0 ? SystemError.text(errno) : "the text is empty")", entry)
      return nil
    }
    let figure = buffer.withUnsafeBytes { compute(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    if figure == nil { complain("\(what): not in the kernel's text", entry) }
    return figure
  }

  private func complain(_ text: String, _ entry: Entry) {
    guard entry.complaints.insert(text).inserted else { return }
    log.error("\(entry.record.instance): \(text): reported as -1")
  }
}
