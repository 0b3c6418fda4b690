import CShims
import Channel
import Glibc
import Instances
import Linux
import Testing

@testable import launcher_stats

/// A process that stands for a machine: a copy of this one that waits. It ends with the thread that made it.
final class Stand {
  let pid: pid_t

  init() {
    let parent = getpid()
    pid = sh_fork()
    guard pid == 0 else { return }
    _ = sh_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL), 0, 0, 0)
    if getppid() == parent { while true { pause() } }
    _exit(0)
  }

  deinit {
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
  }

  /// What smaps_rollup says now, in MiB.
  func memory() throws -> Int {
    let rollup = try Files.read("/proc/\(pid)/smaps_rollup", limit: 4096)
    return try #require(rollup.withUnsafeBytes { InstanceFigures.memory(smapsRollup: $0) })
  }

  func files() throws -> InstanceFiles {
    InstanceFiles(
      memory: try .open("/proc/\(pid)/smaps_rollup", O_RDONLY), time: try .open("/proc/\(pid)/stat", O_RDONLY),
      disk: try .name("/proc/self/exe"))
  }
}

/// Clocks that a test sets.
private final class Clocks {
  var now: Int64 = 0
  var spent: Int64 = 0
  /// Nanoseconds that each look at `spent` adds.
  var cost: Int64 = 0

  lazy var sampler = InstanceSampler(
    clock: { [unowned self] in now },
    spent: { [unowned self] in
      spent += cost
      return spent
    })
}

private func record(_ number: Int, _ state: InstanceState = .active) -> InstanceRecord {
  InstanceRecord(
    instance: Identifier("0-\(number)")!, state: state, vcpus: 2, sshIP: IPv4Address("10.0.0.1"), sshPort: 33_002)
}

@Test func anInstanceIsReportedWithItsProcessesFigures() throws {
  let clocks = Clocks()
  let stand = Stand()
  clocks.sampler.update(record(1), try stand.files())
  // Proportional memory moves with whoever shares it: the figure lies between what is read before and after.
  let before = try stand.memory()
  let sample = try #require(clocks.sampler.sample().first)
  let after = try stand.memory()
  #expect((min(before, after) - 1...max(before, after) + 1).contains(sample.memoryUsageMB))
  #expect(sample.memoryUsageMB >= 0)
  #expect(sample.diskUsageMB >= 0)
  #expect(sample.cpuUsage == -1)
  #expect(sample.sshIP == "10.0.0.1")
  #expect(sample.sshPort == 33_002)
  clocks.now = 30_000_000_000
  #expect(clocks.sampler.sample().first?.cpuUsage == 0)
}

@Test func aRecordWithoutFilesDropsThoseThatCameBefore() throws {
  let clocks = Clocks()
  let stand = Stand()
  let files = try stand.files()
  clocks.sampler.update(record(1), files)
  _ = clocks.sampler.sample()
  clocks.sampler.update(record(1, .exited), InstanceFiles(disk: files.disk))
  let sample = try #require(clocks.sampler.sample().first)
  #expect(sample.state == .exited)
  #expect((sample.memoryUsageMB, sample.cpuUsage) == (-1, -1))
  #expect(sample.diskUsageMB >= 0)
}

@Test func aProcessThatHasEndedIsNoError() throws {
  let clocks = Clocks()
  do {
    let stand = Stand()
    clocks.sampler.update(record(1), try stand.files())
  }
  let sample = try #require(clocks.sampler.sample().first)
  #expect((sample.memoryUsageMB, sample.cpuUsage) == (-1, -1))
}

@Test func aValueThatCannotBeReadIsMinusOneAndComplainedOfOnce() async throws {
  let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
    let sampler = InstanceSampler()
    let empty = try Descriptor.open("/dev/null", O_RDONLY)
    let strange = try Descriptor.open("/proc/loadavg", O_RDONLY)
    for _ in 0..<3 {
      sampler.update(
        InstanceRecord(instance: Identifier("a-1")!, state: .active, vcpus: 1, sshIP: nil, sshPort: 0),
        InstanceFiles(memory: empty, time: strange))
      let sample = sampler.sample()[0]
      precondition((sample.memoryUsageMB, sample.cpuUsage, sample.diskUsageMB) == (-1, -1, -1))
    }
  }
  let lines = String(decoding: result.standardErrorContent, as: UTF8.self).split(separator: "\n")
  #expect(lines.count == 2)
  #expect(lines.allSatisfy { $0.contains("a-1: ") && $0.hasSuffix(": reported as -1") })
}

@Test func forgottenInstancesAreNotReported() {
  let sampler = InstanceSampler()
  for number in 0..<5 { sampler.update(record(number), InstanceFiles()) }
  sampler.remove(Identifier("0-0")!)
  #expect(sampler.sample().map(\.instance.text) == ["0-1", "0-2", "0-3", "0-4"])
  sampler.keep(only: [Identifier("0-3")!])
  #expect(sampler.sample().map(\.instance.text) == ["0-3"])
}

/// The kernel takes long to sum up a large machine's memory: what does not fit one sample's budget comes in the next.
@Test func memoryIsMeasuredInTurnWithinTheBudgetOfASample() throws {
  let clocks = Clocks()
  let stand = Stand()
  for number in 0..<8 { clocks.sampler.update(record(number), try stand.files()) }
  // Three looks fill the budget: the first is its start.
  clocks.cost = InstanceSampler.sampleBudget / 3 + 1
  func measured() -> Int { clocks.sampler.sample().count { $0.memoryUsageMB >= 0 } }
  #expect([measured(), measured()] == [3, 6])
  #expect(!clocks.sampler.catchUp())
  #expect(clocks.sampler.sample().allSatisfy { $0.memoryUsageMB >= 0 })
  clocks.cost = InstanceSampler.catchUpBudget / 3 + 1
  #expect([clocks.sampler.catchUp(), clocks.sampler.catchUp()] == [true, false])
}
