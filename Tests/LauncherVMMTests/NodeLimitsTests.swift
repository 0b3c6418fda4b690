import Channel
import Settings
import Testing

@testable import launcher_vmm

private func limits(_ arguments: String...) throws -> NodeLimits {
  NodeLimits(try Settings(.vmm, arguments), memoryMB: 1000, diskMB: 2000)
}

@Test func aLimitIsTheSchedulersWishWhereTheOperatorHasNone() throws {
  let none = try limits("-max-vm=7", "-reject-when-full")
  #expect(none.capacity() == Capacity(maximumInstances: 7, refuses: true))
  let wish = ConfiguredLimits(memory: true, disk: true)
  #expect(none.capacity(wish) == Capacity(maximumInstances: 7, memoryMB: 1000, diskMB: 2000, refuses: true))
  #expect(none.capacity(ConfiguredLimits(memory: false)) == none.capacity())
  #expect(none.overruling(wish).isEmpty)
}

@Test func aLimitThatTheOperatorDecidedStays() throws {
  let own = try limits("-mem-limit=false", "-disk-limit")
  let wish = ConfiguredLimits(memory: true, disk: false)
  #expect(own.capacity(wish) == own.capacity())
  #expect(own.capacity().memoryMB == nil && own.capacity().diskMB == 2000)
  #expect(own.overruling(wish) == ["-mem-limit", "-disk-limit"])
  #expect(own.overruling(ConfiguredLimits(memory: false, disk: true)).isEmpty)
  #expect(own.overruling(ConfiguredLimits()).isEmpty)
}
