import Instances
import Testing

@testable import launcher_vmm

private func promises(_ count: Int, memoryMB: Int = 256, diskMB: Int = 10) -> Promises {
  (0..<count).reduce(into: Promises()) { all, _ in all.add(Promise(memoryMB: memoryMB, diskMB: diskMB)) }
}

@Test func theNodeIsFullWithAsManyInstancesAsAllowedWhateverTheyWerePromised() {
  let capacity = Capacity(maximumInstances: 3)
  #expect(!capacity.isFull(promises(2, memoryMB: 1 << 40, diskMB: 1 << 40)))
  #expect(capacity.isFull(promises(3, memoryMB: 0, diskMB: 0)))
  #expect(capacity.isFull(promises(4)))
}

@Test func theNodeIsFullWhenTheSmallestInstanceDoesNotFitItsMemory() {
  let capacity = Capacity(maximumInstances: 100, memoryMB: 1024)
  #expect(!capacity.isFull(promises(3)))
  #expect(capacity.isFull(promises(4)))
  #expect(capacity.isFull(promises(1, memoryMB: 769)))
  #expect(!capacity.isFull(promises(1, memoryMB: 768)))
}

@Test func theNodeIsFullWhenItsDiskIsPromised() {
  let capacity = Capacity(maximumInstances: 100, diskMB: 100)
  #expect(!capacity.isFull(promises(9)))
  #expect(capacity.isFull(promises(10)))
}

@Test func volumesThatAreMadeForAnInstanceArePromisedDisk() throws {
  let id = Identifier("0a")!
  var spec = InstanceSpec(instance: id, tenant: id, image: nil)
  spec.resources.diskMB = 100
  spec.volumes = try #require(
    VolumeList([
      Volume(id, slot: 0, boots: true), Volume(Identifier("0b")!, slot: 1, ephemeralSize: 2),
      Volume(Identifier("0c")!, slot: 2, ephemeralSize: 65_536),
    ]))
  // 65 538 GiB; a machine that boots from a volume has no disk of its own.
  #expect(Promise(spec, nil).diskMB == 70_370_892)
  spec.volumes = VolumeList()
  #expect(Promise(spec, nil).diskMB == 0)
}

@Test func aPromiseAboveALimitIsToldWithTheNumbers() {
  let capacity = Capacity(maximumInstances: 4, memoryMB: 1024, diskMB: 100, refuses: true)
  #expect(capacity.exceeded(by: Promise(memoryMB: 512, diskMB: 80), beside: promises(2)) == nil)
  #expect(
    capacity.exceeded(by: Promise(memoryMB: 513, diskMB: 80), beside: promises(2))
      == "512 of 1024 MiB of memory are promised, 513 more do not fit")
  #expect(
    capacity.exceeded(by: Promise(memoryMB: 512, diskMB: 81), beside: promises(2))
      == "20 of 100 MB of disk are promised, 81 more do not fit")
  #expect(
    capacity.exceeded(by: Promise(memoryMB: 1, diskMB: 1), beside: promises(4))
      == "4 instances, -max-vm is 4")
}
