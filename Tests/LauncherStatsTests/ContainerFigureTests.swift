import Testing

@testable import launcher_stats

private func memory(_ bytes: [UInt8]) -> Int? { bytes.withUnsafeBytes { InstanceFigures.memory(memoryStat: $0) } }
private func ticks(_ bytes: [UInt8]) -> UInt64? { bytes.withUnsafeBytes { InstanceFigures.time(group: $0)?.used } }

@Test func memoryOfAContainerIsItsProcessesInEitherVersion() {
  // 40 MiB of its own and 2 MiB mapped; 21 MiB more are cache.
  #expect(memory(fixture("memory.stat-v2-6.1")) == 42)
  // What stands in the group itself is not the whole: the totals are.
  #expect(memory(fixture("memory.stat-v1-4.19")) == 31)
}

@Test func memoryOfAContainerThatIsNotWhollyThereIsUnknown() {
  let whole = fixture("memory.stat-v2-6.1")
  let cut = Array(whole.prefix { $0 != UInt8(ascii: "\n") })
  #expect(memory(cut) == nil)
  #expect(memory([]) == nil)
  #expect(memory(Array("anon 18446744073709551615\nfile_mapped 1\n".utf8)) == nil)
  #expect(memory(Array("anon -1\nfile_mapped 1\n".utf8)) == nil)
  #expect(memory(Array("anon_thp 5\nfile_mapped 1\n".utf8)) == nil)
}

@Test func timeOfAContainerIsInHundredthsOfASecondInEitherVersion() {
  #expect(ticks(fixture("cpu.stat-v2-6.1")) == 1234)
  #expect(ticks(Array("12345678901\n".utf8)) == 1234)
  #expect(ticks(Array("user_usec 5\n".utf8)) == nil)
  #expect(ticks([]) == nil)
  #expect(ticks(Array("99999999999999999999\n".utf8)) == nil)
}
