import Instances
import JSON
import Linux
import TestSupport
import Testing

@testable import launcher_vmm

private func makeFile(_ spec: InstanceSpec = fullSpec()) throws -> InstanceFile {
  let (folder, store) = try makeStateFolder()
  let image = try makeRawImage(size: 1_048_576, in: store)
  withExtendedLifetime(folder) {}
  var file = InstanceFile(spec: spec, image: image, request: .max)
  file.run = .process(InstanceFile.Run.Process(pid: 4711, startTime: .max, bootID: "3c1d-boot"))
  return file
}

@Test func stateIsReadAsItWasWritten() throws {
  let file = try makeFile()
  #expect(try InstanceFile(bytes: file.bytes) == file)
  var least = InstanceFile(
    spec: InstanceSpec(instance: id, tenant: id, image: ImageName("image")!), image: file.image, request: 0)
  #expect(try InstanceFile(bytes: least.bytes) == least)
  least.run = .process(InstanceFile.Run.Process(pid: 2, startTime: 0, bootID: ""))
  #expect(try InstanceFile(bytes: least.bytes) == least)
  least.run = .simulated
  #expect(try InstanceFile(bytes: least.bytes) == least)
}

@Test func stateNamesEveryImageBelowADisk() throws {
  let (folder, store) = try makeStateFolder()
  try require(store, "create -q -f raw IMAGES/last 1M")
  try require(store, "create -q -f qcow2 -b last -F raw IMAGES/image")
  let file = InstanceFile(spec: fullSpec(), image: try store.image(ImageName("image")!), request: 1)
  #expect(try InstanceFile(bytes: file.bytes) == file)
  #expect(file.image?.stack.below == [ImageStack.Layer(ImageName("last")!, .raw)])
  let text = String(decoding: file.bytes, as: UTF8.self)
  for (old, new) in [("\"last\"", "\"../last\""), ("\"format\": \"qcow2\"", "\"format\": \"raw\"")] {
    let changed = text.replacing(old, with: new)
    try #require(changed != text)
    #expect(throws: InstanceFile.Unreadable.self) { try InstanceFile(bytes: bytes(changed)) }
  }
  withExtendedLifetime(folder) {}
}

@Test func stateAtItsLargestStaysWithinItsLimit() throws {
  var spec = fullSpec()
  let longest = Identifier(String(repeating: "a", count: 72))!
  spec.instance = longest
  spec.tenant = longest
  spec.image = ImageName(String(repeating: "i", count: 255))
  spec.network.subnetKey = String(repeating: "\u{1}", count: 255)
  let file = try makeFile(spec)
  #expect(file.bytes.count <= InstanceFile.limits.bytes)
  #expect(try InstanceFile(bytes: file.bytes) == file)
}

@Test func stateOfAContainerIsReadAsItWasWrittenAtItsLargest() throws {
  var container = ContainerSpec(image: ImageReference("registry.example:5000/a/image:tag")!)
  container.hostName = HostName("web-1.example")
  container.command = ContainerCommand(["sh", "-c", String(repeating: "\u{1}", count: 8188)])
  let spec = InstanceSpec(instance: id, tenant: id, kind: .docker, container: container)
  var file = InstanceFile(spec: spec, image: nil, request: 1)
  file.run = .container(ContainerID(String(repeating: "0f", count: 32))!)
  #expect(file.bytes.count <= InstanceFile.limits.bytes)
  #expect(try InstanceFile(bytes: file.bytes) == file)
  let text = String(decoding: file.bytes, as: UTF8.self)
  for (old, new) in [
    ("\"docker\"", "\"qemu\""), ("registry.example", "-registry"), ("web-1", "-web"), ("\"sh\"", "\"\""),
    ("0f0f\"", "0f0F\""),
  ] {
    try #require(text.contains(old))
    #expect(throws: InstanceFile.Unreadable.self) { try InstanceFile(bytes: bytes(text.replacing(old, with: new))) }
  }
}

@Test func stateThatIsCutOffAnywhereIsRefused() throws {
  let bytes = try makeFile().bytes
  // All but the line end.
  for length in 0..<bytes.count - 1 {
    #expect(throws: InstanceFile.Unreadable.self) { try InstanceFile(bytes: Array(bytes[..<length])) }
  }
}

@Test func changedBytesOfAStateAreReadOrRefusedButNeverTrap() throws {
  let bytes = try makeFile().bytes
  for offset in bytes.indices {
    for value: UInt8 in [0, 0x20, 0x22, 0x2d, 0x39, 0x7b, 0xff] {
      var changed = bytes
      changed[offset] = value
      _ = try? InstanceFile(bytes: changed)
    }
  }
}

@Test func stateOfAFutureVersionIsRefusedByItsVersion() throws {
  let text = String(decoding: try makeFile().bytes, as: UTF8.self)
  let future = text.replacing("\"version\": 1", with: "\"version\": 2")
  try #require(future != text)
  #expect {
    try InstanceFile(bytes: bytes(future))
  } throws: {
    "\($0)" == "state: version 2, this launcher knows version 1"
  }
}

@Test(arguments: ["", " ", "\n", "null", "[]", "{}", "1", "\u{0}", "{\"version\": 1}", "{\"version\": \"1\"}", "{{{{"])
func whatIsNoStateIsRefused(text: String) {
  #expect(throws: InstanceFile.Unreadable.self) { try InstanceFile(bytes: bytes(text)) }
}

@Test(arguments: [
  ("\"vcpus\": 4", "\"vcpus\": 0"), ("\"vcpus\": 4", "\"vcpus\": 257"), ("\"vcpus\": 4", "\"vcpus\": 4.5"),
  ("\"mem_mb\": 370", "\"mem_mb\": 9223372036854775807"), ("\"disk_mb\": 8000", "\"disk_mb\": -1"),
  ("\"legacy\"", "\"bios\""), ("\"qemu\"", "\"docker\""), ("\"qemu\"", "\"xen\""),
  ("\"02:00:e6:f5:af:f9\"", "\"02:00\""),
  ("\"192.168.8.0/21\"", "\"192.168.8.0/99\""), ("\"image_uuid\": \"image\"", "\"image_uuid\": \"../image\""),
  ("\"pid\": 4711", "\"pid\": 1"), ("\"pid\": 4711", "\"pid\": 4294967297"), ("\"raw\"", "\"vmdk\""),
  ("\"virtual_size\": 1048576", "\"virtual_size\": 0"), ("\"name\": \"image\"", "\"name\": \"/etc/shadow\""),
])
func stateWithAFieldOutOfBoundsIsRefused(old: String, new: String) throws {
  let text = String(decoding: try makeFile().bytes, as: UTF8.self)
  let changed = text.replacing(old, with: new)
  try #require(changed != text)
  #expect(throws: InstanceFile.Unreadable.self) { try InstanceFile(bytes: bytes(changed)) }
}

@Test func stateNamesTheVolumesAndOneWithoutAnyIsReadToo() throws {
  var file = try makeFile()
  let plain = String(decoding: file.bytes, as: UTF8.self)
  #expect(!plain.contains("storage"), "as a launcher without volumes wrote it")
  file.spec.volumes = VolumeList([
    Volume(Identifier("0a")!, slot: 7, boots: true), Volume(id, slot: 0, ephemeralSize: 65_536),
  ])!
  #expect(try InstanceFile(bytes: file.bytes) == file)
  let text = String(decoding: file.bytes, as: UTF8.self)
  for (old, new) in [
    ("\"slot\": 7", "\"slot\": 8"), ("\"slot\": 7", "\"slot\": 0"), ("\"boot\": true", "\"boot\": 1"),
    ("65536", "65537"), ("65536", "\"1\""), ("\"id\": \"0a\"", "\"id\": \"../0a\""),
    ("\"id\": \"0a\"", "\"id\": \"\(id)\""),
  ] {
    let changed = text.replacing(old, with: new)
    try #require(changed != text, "\(old)")
    #expect(throws: InstanceFile.Unreadable.self) { try InstanceFile(bytes: bytes(changed)) }
  }
}

@Test func stateOfAMachineThatBootsFromAVolumeHasNoImage() throws {
  var spec = fullSpec()
  spec.image = nil
  spec.volumes = VolumeList([Volume(id, slot: 0, boots: true)])!
  let file = InstanceFile(spec: spec, image: nil, request: 1)
  #expect(try InstanceFile(bytes: file.bytes) == file)
  let text = String(decoding: file.bytes, as: UTF8.self)
  let changed = text.replacing("\"boot\": true", with: "\"boot\": false")
  try #require(changed != text)
  #expect(throws: InstanceFile.Unreadable.self) { try InstanceFile(bytes: bytes(changed)) }
}
