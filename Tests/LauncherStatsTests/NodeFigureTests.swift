import CShims
import Glibc
import Testing

@testable import launcher_stats

/// Kernels and hosts: what `/proc/meminfo` says of total and available memory in MiB, -1 where it does not.
@Test(arguments: [
  ("meminfo-3.16", 7974, 5018), ("meminfo-6.1-128cpus", 2_063_992, 2_021_652),
  ("meminfo-cgroup-limited", 2048, 1954), ("meminfo-missing-fields", 977, -1), ("meminfo-absurd", -1, -1),
  ("meminfo-overflow", 9_007_199_254_740_991, -1),
])
func memoryIsTotalAndFreePlusFileCache(name: String, total: Int, available: Int) {
  let memory = NodeFigures.memory(meminfo: fixture(name))
  #expect(memory.totalMB == total)
  #expect(memory.availableMB == available)
}

@Test(arguments: [
  ("stat-128cpus", 128), ("stat-cpus-2-and-3-offline", 4), ("stat-2.6", 1), ("stat-without-cpus", -1),
])
func onlineCPUsAreTheNumberedLinesOfStat(name: String, count: Int) {
  #expect(NodeFigures.cpusOnline(stat: fixture(name)) == count)
}

@Test(arguments: [("loadavg", 17), ("loadavg-idle", 0), ("loadavg-absurd", -1)])
func loadIsTheIntegerPartOfTheLastMinute(name: String, load: Int) {
  #expect(NodeFigures.load(loadavg: fixture(name)) == load)
}

@Test func anEmptyTextGivesNoFigure() {
  #expect(NodeFigures.memory(meminfo: []) == (-1, -1))
  #expect(NodeFigures.cpusOnline(stat: []) == -1)
  #expect(NodeFigures.load(loadavg: []) == -1)
}

@Test func aDiskIsCountedInMillionsOfBytesAndAvailableIsWhatUsersMayTake() {
  var status = statfs()
  status.f_bsize = 4096
  status.f_blocks = 2_441_406_250
  status.f_bfree = 2_000_000_000
  status.f_bavail = 1_000_000_000
  #expect(NodeFigures.disk(status) == (10_000_000, 4_096_000))
  status.f_blocks = .max
  #expect(NodeFigures.disk(status).totalMB == -1)
}

/// The running machine's figures lie where the C library and the kernel say by other ways that they do.
@Test func theFiguresAreThoseOfTheRunningMachine() throws {
  let sample = NodeSource(instances: "/").sample()
  let pages = sysconf(Int32(_SC_PHYS_PAGES)) / 256
  #expect(sample.memoryTotalMB == pages)
  #expect((1...pages).contains(sample.memoryAvailableMB))
  #expect(sample.cpusOnline == sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  #expect(sample.load >= 0)
  var status = statfs()
  try #require(statfs("/", &status) == 0)
  #expect(sample.diskTotalMB == Int(status.f_blocks) * status.f_bsize / 1_000_000)
  #expect((0...sample.diskTotalMB).contains(sample.diskAvailableMB))
  var name = [CChar](repeating: 0, count: 256)
  try #require(gethostname(&name, name.count) == 0)
  #expect(sample.hostName == String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
}
