import Testing

@testable import launcher_stats

@Test(arguments: [
  ("smaps_rollup-4.14", 859), ("smaps_rollup-6.1", 1035), ("smaps_rollup-without-pss", nil),
  ("smaps_rollup-absurd", nil), ("loadavg", nil),
])
func memoryIsTheProportionalSetSize(name: String, megabytes: Int?) {
  #expect(fixture(name).withUnsafeBytes { InstanceFigures.memory(smapsRollup: $0) } == megabytes)
}

@Test func processTimeIsUserAndSystemTimeWhateverTheProcessIsCalled() {
  func time(_ name: String) -> InstanceFigures.ProcessTime? {
    fixture(name).withUnsafeBytes { InstanceFigures.time(stat: $0) }
  }
  #expect(time("process-stat") == .init(used: 5000, start: 284_043))
  #expect(time("process-stat-hostile-name") == .init(used: 111, start: 500))
  #expect(time("process-stat-cut") == nil)
  #expect(time("loadavg") == nil)
  #expect([UInt8]().withUnsafeBytes { InstanceFigures.time(stat: $0) } == nil)
}

@Test func diskUsageIsWhatIsAllocated() {
  #expect(InstanceFigures.disk(blocks: 0) == 0)
  #expect(InstanceFigures.disk(blocks: 1_000_000) == 512)
  #expect(InstanceFigures.disk(blocks: -1) == nil)
  #expect(InstanceFigures.disk(blocks: .max) == nil)
}

/// Feeds a process's ticks, at 100 a second, and a time in seconds.
private struct Process {
  var share = CPUShare()
  var start: UInt64 = 7

  mutating func sample(_ ticks: UInt64, at seconds: Double, vcpus: Int = 1) -> Int {
    share.update(.init(used: ticks, start: start), at: Int64(seconds * 1e9), vcpus: vcpus, ticksPerSecond: 100)
  }
}

@Test func cpuUsageIsTheShareOfTheVCPUsTimeSinceTheLastSample() {
  var process = Process()
  #expect(process.sample(1000, at: 0, vcpus: 4) == -1)
  #expect(process.sample(1000, at: 30, vcpus: 4) == 0)
  #expect(process.sample(1000 + 3000, at: 60, vcpus: 4) == 25)
  #expect(process.sample(4000 + 12000, at: 90, vcpus: 4) == 100)
}

@Test func cpuUsageNeverExceedsAHundred() {
  var process = Process()
  _ = process.sample(0, at: 0)
  #expect(process.sample(30_000, at: 30) == 100)
  #expect(process.sample(.max, at: 60) == 100)
}

@Test func anotherProcessOrATimeThatRunsBackBeginsAnew() {
  var process = Process()
  _ = process.sample(1000, at: 0)
  process.start = 8
  #expect(process.sample(4000, at: 30) == -1)
  #expect(process.sample(5500, at: 60) == 50)
  #expect(process.sample(10, at: 90) == -1)
  #expect(process.share.update(nil, at: 100, vcpus: 1, ticksPerSecond: 100) == -1)
  #expect(process.sample(20, at: 120) == -1)
}

@Test func samplesInQuickSuccessionCountAsOne() {
  var process = Process()
  _ = process.sample(0, at: 0)
  #expect(process.sample(5, at: 0.01) == -1)
  #expect(process.sample(1500, at: 30) == 50)
  #expect(process.sample(1505, at: 30.01) == 50)
  #expect(process.sample(1500, at: 60) == 0)
}
