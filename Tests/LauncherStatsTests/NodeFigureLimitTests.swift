import CShims
import Glibc
import Testing

@testable import launcher_stats

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private let meminfo = """
  MemTotal:       24571234 kB
  MemFree:         1000000 kB
  MemAvailable:    9999999 kB
  Buffers:          123456 kB
  Active:          5000000 kB
  Inactive:        6000000 kB
  Active(anon):    4000000 kB
  Active(file):     524288 kB
  Inactive(file):   524288 kB
  HugePages_Total:       0
  """

@Test func memoryIsTheTotalAndWhatCouldBeGivenToInstances() {
  let memory = NodeFigures.memory(meminfo: bytes(meminfo))
  #expect(memory.totalMB == 24571234 / 1024)
  #expect(memory.availableMB == (1_000_000 + 524_288 + 524_288) / 1024)
}

@Test(arguments: ["MemFree", "Active(file)", "Inactive(file)"])
func aMissingPartMakesTheAvailableMemoryUnknown(part: String) {
  let text = meminfo.split(separator: "\n").filter { !$0.hasPrefix("\(part):") }.joined(separator: "\n")
  let memory = NodeFigures.memory(meminfo: bytes(text))
  #expect(memory.totalMB == 24571234 / 1024)
  #expect(memory.availableMB == -1)
}

@Test(arguments: [
  "", "\n\n", "MemTotal:", "MemTotal: kB", "MemTotal: -5 kB", "MemTotal: 99999999999999999999 kB", ":::", "\0",
])
func memoryThatIsNotToldIsUnknown(text: String) {
  #expect(NodeFigures.memory(meminfo: bytes(text)) == (-1, -1))
}

@Test func memoryThatIsNoTextIsUnknown() {
  #expect(NodeFigures.memory(meminfo: [0xff, 0xfe, 0x3a, 0x31, 0x0a]) == (-1, -1))
}

@Test func absurdSizesDoNotOverflow() {
  let most = Int.max
  let text = "MemTotal: \(most) kB\nMemFree: \(most) kB\nActive(file): \(most) kB\nInactive(file): 1 kB\n"
  #expect(NodeFigures.memory(meminfo: bytes(text)) == (most / 1024, -1))
}

@Test(arguments: [
  ("0.52 0.58 0.59 1/467 11432\n", 0), ("15.99 1.00 1.00 3/999 1\n", 15), ("123456.00", 123_456), ("", -1), ("x.y", -1),
  ("-1.00 0 0", -1), ("99999999999999999999.0", -1), ("\n", -1),
])
func loadIsTheIntegerPartOfTheFirstFigure(text: String, load: Int) {
  #expect(NodeFigures.load(loadavg: bytes(text)) == load)
}

@Test func everyCPULineCountsButTheirSum() {
  let lines = (0..<128).map { "cpu\($0) 1 2 3 4 5 6 7 8 9 0" }
  let text = (["cpu  1 2 3 4"] + lines + ["intr 1 2 3", "ctxt 5", "cpufreq 1", "btime 7"]).joined(separator: "\n")
  #expect(NodeFigures.cpusOnline(stat: bytes(text)) == 128)
}

@Test(arguments: ["", "cpu  1 2 3\n", "intr 5\n", "cpux 1\n", "\0\u{fffd}"])
func cpusThatAreNotToldAreUnknown(text: String) {
  #expect(NodeFigures.cpusOnline(stat: bytes(text)) == -1)
}

@Test func diskSizesAreIn10To6Bytes() {
  var status = statfs()
  status.f_bsize = 4096
  status.f_frsize = 4096
  status.f_blocks = 1_000_000
  status.f_bavail = 500_000
  #expect(NodeFigures.disk(status) == (4096, 2048))
}

@Test func diskSizesAreCountedInFragments() {
  var status = statfs()
  status.f_bsize = 1_048_576
  status.f_frsize = 1000
  status.f_blocks = 5000
  status.f_bavail = 2000
  #expect(NodeFigures.disk(status) == (5, 2))
}

@Test func absurdDisksAreUnknownAndDoNotOverflow() {
  var status = statfs()
  status.f_bsize = .max
  status.f_blocks = .max
  status.f_bavail = 0
  #expect(NodeFigures.disk(status) == (-1, 0))
  status.f_bsize = -1
  #expect(NodeFigures.disk(status) == (0, 0))
}
