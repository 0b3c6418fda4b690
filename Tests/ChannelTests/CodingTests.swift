import Channel
import Instances
import Linux
import Testing

@testable import Channel

private func isRefused(_ sample: Sample, _ bytes: [UInt8], _ descriptors: [Descriptor]) -> Bool {
  !sample.isMessage(bytes, descriptors)
}

@Test func everyMessageIsReadAsItWasWritten() throws {
  for sample in try samples() {
    #expect(try sample.decode(sample.bytes, sample.descriptors) == sample.text, "\(sample.name)")
  }
}

@Test func everyMessageFitsADatagram() throws {
  for sample in try samples() { #expect(sample.bytes.count <= MessageCoding.maximumSize, "\(sample.name)") }
  let full = MessageCoding.encode(StatsToNet.instances(request: 1, fullInstances(), isLast: true))
  #expect(full.count <= MessageCoding.maximumSize)
}

@Test func aMessageThatIsCutOffAnywhereIsRefused() throws {
  for sample in try samples() {
    for length in 0..<sample.bytes.count {
      #expect(isRefused(sample, Array(sample.bytes[..<length]), sample.descriptors), "\(sample.name) at \(length)")
    }
  }
}

@Test func aMessageWithMoreBehindItIsRefused() throws {
  for sample in try samples() {
    #expect(isRefused(sample, sample.bytes + [0], sample.descriptors), "\(sample.name)")
  }
}

/// In the middle of a long run of one byte, as the longest texts have, each place is like the next.
private func isWithinRun(_ bytes: [UInt8], _ offset: Int) -> Bool {
  let reach = 16
  guard offset >= reach, offset < bytes.count - reach else { return false }
  return bytes[offset - reach...offset + reach].allSatisfy { $0 == bytes[offset] }
}

@Test func changedBytesAreReadOrRefusedButNeverTrap() throws {
  for sample in try samples() {
    for offset in sample.bytes.indices where !isWithinRun(sample.bytes, offset) {
      for value: UInt8 in [0, 1, 2, 0x2d, 0x2f, 0x7f, 0x80, 0xff, sample.bytes[offset] ^ 1, sample.bytes[offset] &+ 1] {
        var bytes = sample.bytes
        bytes[offset] = value
        _ = isRefused(sample, bytes, sample.descriptors)
      }
    }
  }
}

@Test func aMessageOfAnotherVersionIsRefused() throws {
  for sample in try samples() {
    for version: UInt8 in [0, 2, 255] {
      #expect(isRefused(sample, [version] + sample.bytes.dropFirst(), sample.descriptors), "\(sample.name)")
    }
  }
}

@Test func everyKindThatIsNotListedIsRefused() throws {
  func refuses<M: Message>(_: M.Type, from first: UInt8) {
    for kind in [0] + Array(first...255) {
      for tail in [[], [UInt8](repeating: 0, count: 64)] {
        #expect(throws: WireError.self, "\(M.self) \(kind)") { try MessageCoding.decode(M.self, [1, kind] + tail, []) }
      }
    }
  }
  refuses(NetToVMM.self, from: 11)
  refuses(VMMToNet.self, from: 6)
  refuses(VMMToStats.self, from: 5)
  refuses(StatsToVMM.self, from: 1)
  refuses(NetToStats.self, from: 2)
  refuses(StatsToNet.self, from: 3)
  refuses(ManagerToSpawner.self, from: 2)
  refuses(SpawnerToManager.self, from: 5)
  refuses(ObserveAnswer.self, from: 3)
  refuses(RendezvousHello.self, from: 3)
}

@Test func descriptorsThatAreMissingOrTooManyAreRefused() throws {
  for sample in try samples() {
    #expect(isRefused(sample, sample.bytes, sample.descriptors + [Descriptor(-1)]), "\(sample.name)")
    if !sample.descriptors.isEmpty {
      #expect(isRefused(sample, sample.bytes, sample.descriptors.dropLast()), "\(sample.name)")
      #expect(isRefused(sample, sample.bytes, []), "\(sample.name)")
    }
  }
}

@Test func aDescriptorThatCameWithARefusedMessageIsClosed() throws {
  let (reader, writer) = try Descriptor.pipe()
  #expect(throws: WireError.self) {
    try MessageCoding.decode(NetToVMM.self, [1, 99], [Descriptor(dupOf(writer))])
  }
  writer.close()
  var byte: UInt8 = 0
  #expect(try withUnsafeMutableBytes(of: &byte) { try reader.read(into: $0) } == .end)
}

private func request(_ kind: UInt8, _ write: (inout WireWriter) -> Void) -> [UInt8] {
  var writer = WireWriter()
  writer.integer(UInt8(1))
  writer.integer(kind)
  write(&writer)
  return writer.bytes
}

@Test(arguments: ["", "../etc", "a/b", "-a", "a,b", "a\0", "é", String(repeating: "a", count: 73)])
func anInstanceNameThatIsNoIdentifierIsRefused(name: String) {
  for kind: UInt8 in [2, 3, 4] {
    let bytes = request(kind) {
      $0.integer(UInt64(1))
      $0.bool(false)
      $0.string(name)
    }
    #expect(throws: WireError.self) { try MessageCoding.decode(NetToVMM.self, bytes, []) }
  }
}

@Test func aStringThatIsNotUTF8IsRefused() {
  let bytes = request(2) {
    $0.integer(UInt64(1))
    $0.bool(false)
    $0.integer(UInt32(1))
    $0.integer(UInt8(0xff))
  }
  #expect(throws: WireError("string that is not UTF-8")) { try MessageCoding.decode(NetToVMM.self, bytes, []) }
}

@Test func aTruthValueIsZeroOrOne() {
  let bytes = request(2) {
    $0.integer(UInt64(1))
    $0.integer(UInt8(2))
  }
  #expect(throws: WireError("2 where a truth value is due")) { try MessageCoding.decode(NetToVMM.self, bytes, []) }
}

@Test func aLengthBeyondTheMessageAllocatesNothing() {
  for count: UInt32 in [1, 64, 257, 0x7fff_ffff, .max] {
    let list = request(2) {
      $0.integer(UInt64(1))
      $0.bool(true)
      $0.integer(count)
    }
    #expect(throws: WireError.self) { try MessageCoding.decode(StatsToNet.self, list, []) }
    var text = WireWriter()
    text.integer(UInt8(1))
    text.integer(count)
    #expect(throws: WireError.self) { try MessageCoding.decode(ResolveRequest.self, text.bytes, []) }
  }
}

@Test func listsAndStringsBeyondTheirLimitsAreRefused() throws {
  func refuses<M: Message>(_ message: M) {
    #expect(throws: WireError.self) {
      try MessageCoding.decode(M.self, MessageCoding.encode(message), message.descriptors)
    }
  }
  let files = [Descriptor(-1), Descriptor(-1), Descriptor(-1)]
  refuses(ResolveRequest(host: String(repeating: "h", count: 254)))
  refuses(ResolveAnswer(host: "scheduler.example", addresses: [String(repeating: "1", count: 257)], failure: ""))
  refuses(StatsToNet.instances(request: 1, fullInstances() + fullInstances(), isLast: true))
  var node = fullNode()
  node.networks.append(node.networks[0])
  refuses(StatsToNet.node(request: 1, node))
  refuses(SpawnerToManager.failed(job: 1, reason: String(repeating: "x", count: 513)))
  refuses(ObserveAnswer.failed(job: 1, reason: String(repeating: "x", count: 513)))
  var spec = fullSpec()
  spec.network.subnetKey = String(repeating: "k", count: 256)
  refuses(
    NetToVMM.start(
      Request(number: 1, isRepeated: false), spec, userData: files[0], metaData: nil, scheduler: nil, isRestart: false))
}

@Test func moreAddressesThanAllowedAreLeftOutByTheSender() throws {
  let answer = ResolveAnswer(host: "scheduler.example", addresses: Array(repeating: "10.0.0.1", count: 33), failure: "")
  #expect(try MessageCoding.decode(ResolveAnswer.self, MessageCoding.encode(answer), []).addresses.count == 32)
}

@Test func aHostNameThatIsNoTextDoesNotMakeThisAMessageNobodyReads() throws {
  var node = NodeSample()
  node.hostName = String(decoding: [UInt8](repeating: 0xff, count: 64), as: UTF8.self)
  let message = StatsToNet.node(request: 1, node)
  #expect(throws: Never.self) { try MessageCoding.decode(StatsToNet.self, MessageCoding.encode(message), []) }
}

@Test func resourcesOutOfBoundsAreRefused() throws {
  func isRefused(_ change: (inout InstanceSpec) -> Void) -> Bool {
    var spec = fullSpec()
    change(&spec)
    let message = NetToVMM.start(
      Request(number: 1, isRepeated: false), spec, userData: Descriptor(-1), metaData: nil, scheduler: nil,
      isRestart: false)
    return (try? MessageCoding.decode(NetToVMM.self, MessageCoding.encode(message), message.descriptors)) == nil
  }
  #expect(!isRefused { _ in })
  #expect(isRefused { $0.resources.vcpus = 0 })
  #expect(isRefused { $0.resources.vcpus = 257 })
  #expect(isRefused { $0.resources.memoryMB = 0 })
  #expect(isRefused { $0.resources.memoryMB = 16_777_217 })
  #expect(isRefused { $0.resources.diskMB = 0 })
  #expect(isRefused { $0.resources.diskMB = 64_000_001 })
  #expect(isRefused { $0.network.mac = MACAddress("01:00:5e:00:00:01") })
  #expect(isRefused { $0.image = nil })
  #expect(isRefused { $0.container = ContainerSpec(image: ImageReference("image")!) })
  #expect(isRefused { $0.kind = .docker })
}

@Test func vcpusOfARecordOutOfBoundsAreRefused() throws {
  let record = InstanceRecord(instance: fullSpec().instance, state: .active, vcpus: 257, sshIP: nil, sshPort: 0)
  #expect(throws: WireError("257 vcpus")) {
    try MessageCoding.decode(VMMToStats.self, MessageCoding.encode(VMMToStats.instance(record, InstanceFiles())), [])
  }
}

@Test func aFigureBelowMinusOneIsRefused() throws {
  var node = NodeSample()
  node.load = -2
  #expect(throws: WireError("figure -2")) {
    try MessageCoding.decode(StatsToNet.self, MessageCoding.encode(StatsToNet.node(request: 1, node)), [])
  }
}

@Test func aFailureThatItsCommandCannotHaveIsRefused() throws {
  let id = fullSpec().instance
  for command in InstanceCommand.allCases {
    for reason in FailureReason.allCases {
      let bytes = MessageCoding.encode(VMMToNet.report(number: 1, request: 7, .failure(command, id, reason)))
      let isRead = (try? MessageCoding.decode(VMMToNet.self, bytes, [])) != nil
      #expect(isRead == command.failureReasons.contains(reason), "\(command) \(reason)")
    }
  }
  let bytes = MessageCoding.encode(VMMToNet.report(number: 1, request: 7, .restartingFailure(id, .noInstance)))
  #expect(throws: WireError("START does not fail with no_instance")) {
    try MessageCoding.decode(VMMToNet.self, bytes, [])
  }
}

@Test func aFailureOfAVolumeIsOfACommandAboutOne() throws {
  let id = fullSpec().instance
  for command in InstanceCommand.allCases {
    for reason in FailureReason.allCases {
      let report = Report.volumeFailure(command, id, volume: id, reason)
      let bytes = MessageCoding.encode(VMMToNet.report(number: 1, request: 7, report))
      let isRead = (try? MessageCoding.decode(VMMToNet.self, bytes, [])) != nil
      #expect(isRead == (command.isOfVolume && command.failureReasons.contains(reason)), "\(command) \(reason)")
    }
  }
}

/// Volumes as the bytes of a message, which may say what no list can hold.
private func isRead(_ volumes: [(id: String, slot: UInt8, size: UInt32?)], boots: Bool = true) -> Bool {
  var spec = fullSpec()
  spec.image = nil
  spec.volumes = VolumeList([Volume(spec.instance, slot: 0, boots: true)])!
  let whole = MessageCoding.encode(
    NetToVMM.start(
      Request(number: 1, isRepeated: false), spec, userData: Descriptor(-1), metaData: nil, scheduler: nil,
      isRestart: false))
  // Behind the one volume: no size, no meta-data, no scheduler, no restart.
  let one = 4 + 4 + spec.instance.text.utf8.count + 3
  var writer = WireWriter()
  writer.list(volumes) {
    $0.string($1.id)
    $0.integer($1.slot)
    $0.bool(boots)
    $0.optional($1.size) { $0.integer($1) }
  }
  let bytes = whole.dropLast(one + 3) + writer.bytes + [0, 0, 0]
  return (try? MessageCoding.decode(NetToVMM.self, Array(bytes), [Descriptor(-1)])) != nil
}

@Test func volumesThatCannotStandBesideEachOtherAreRefused() {
  #expect(isRead([("0a", 0, nil), ("0b", 7, 65_536)]))
  #expect(!isRead([]), "nothing to boot from")
  #expect(!isRead([("0a", 0, nil)], boots: false), "nothing to boot from")
  #expect(!isRead([("0a", 0, nil), ("0a", 1, nil)]), "one volume twice")
  #expect(!isRead([("0a", 0, nil), ("0b", 0, nil)]), "one slot twice")
  #expect(!isRead([("0a", 8, nil)]), "no such slot")
  #expect(!isRead([("0a", 0, 0)]) && !isRead([("0a", 0, 65_537)]), "sizes")
  #expect(!isRead([("../0a", 0, nil)]) && !isRead([("", 0, nil)]), "no identifiers")
  #expect(!isRead((0..<9).map { ("0\($0)", UInt8($0), nil) }), "too many")
}

@Test func aTaskIsWithinItsBoundsAndHasItsDescriptors() throws {
  func isRefused(_ task: SpawnTask, _ count: Int) -> Bool {
    let files = (0..<count).map { _ in Descriptor(-1) }
    let message = ManagerToSpawner.spawn(job: 1, task, files)
    return (try? MessageCoding.decode(ManagerToSpawner.self, MessageCoding.encode(message), files)) == nil
  }
  let spec = fullSpec()
  let image = ImageName("image")!
  #expect(!isRefused(.configDrive(spec.instance), 3))
  #expect(isRefused(.configDrive(spec.instance), 2) && isRefused(.configDrive(spec.instance), 4))
  #expect(!isRefused(.machine(spec, .raw), 5))
  #expect(isRefused(.machine(spec, .raw), 3) && isRefused(.machine(spec, .raw), 6))
  #expect(!isRefused(.machine(spec, .raw, tapMTU: 1450), 6) && isRefused(.machine(spec, .raw, tapMTU: 1450), 5))
  #expect(!isRefused(.schedulerDrive(spec.instance), 3) && isRefused(.schedulerDrive(spec.instance), 4))
  #expect(!isRefused(.overlay(spec.instance, image, .qcow2, size: UInt64(Int64.max)), 3))
  #expect(isRefused(.overlay(spec.instance, image, .qcow2, size: UInt64(Int64.max) + 1), 3))
  let sources = [VolumeSource](repeating: .file(.raw), count: VolumeList.maximum)
  #expect(!isRefused(.machine(volumeSpec(), nil, volumes: sources), 13))
  #expect(isRefused(.machine(volumeSpec(), nil, volumes: sources), 12))
  #expect(isRefused(.machine(volumeSpec(), nil, volumes: Array(sources.dropLast())), 12), "fewer than it has")
  #expect(isRefused(.machine(volumeSpec(), .raw, volumes: sources), 13), "an image that it has not")
  let images = [VolumeSource](repeating: .rbd, count: VolumeList.maximum)
  #expect(!isRefused(.machine(volumeSpec(), nil, volumes: images), 5))
  #expect(isRefused(.machine(volumeSpec(), nil, volumes: images), 6), "RBD images come without descriptors")
  #expect(isRefused(.machine(spec, nil), 5), "no image")
  #expect(!isRefused(.ephemeralVolume(spec.instance, spec.instance, gibibytes: 65_536), 3))
  for size in [0, 65_537] { #expect(isRefused(.ephemeralVolume(spec.instance, spec.instance, gibibytes: size), 3)) }
  var container = InstanceSpec(instance: spec.instance, tenant: spec.tenant, kind: .docker)
  container.container = ContainerSpec(image: ImageReference("debian")!)
  #expect(isRefused(.machine(container, .raw), 5))
}

@Test(arguments: [Int32.min, -1, 0, 1])
func figuresAreOfAnOrdinaryProcessOnly(pid: Int32) {
  let bytes = MessageCoding.encode(ObserveRequest(job: 1, .process(pid)))
  #expect(throws: WireError("process \(pid)")) { try MessageCoding.decode(ObserveRequest.self, bytes, []) }
}

@Test func aTaskOfTheContainerToolIsAboutAContainerAndHasThreeDescriptors() {
  func isRefused(_ task: ContainerTask, _ count: Int = 3) -> Bool {
    let files = (0..<count).map { _ in Descriptor(-1) }
    let message = ManagerToContainers.spawn(job: 1, task, files)
    return (try? MessageCoding.decode(ManagerToContainers.self, MessageCoding.encode(message), files)) == nil
  }
  #expect(!isRefused(.list) && isRefused(.list, 2) && isRefused(.list, 4))
  #expect(isRefused(.create(fullSpec(), on: nil, limitingDisk: true)), "a machine is no container")
  #expect(!isRefused(.create(fullContainer(), on: nil, limitingDisk: true)))
  #expect(!isRefused(.create(fullContainer(), on: fullBridge, limitingDisk: true)))
  var unplaced = fullContainer()
  unplaced.network.mac = nil
  #expect(isRefused(.create(unplaced, on: fullBridge, limitingDisk: true)), "a network needs addresses")
}

@Test(arguments: ["", "0", String(repeating: "g", count: 64), String(repeating: "A", count: 64), "../../etc/passwd"])
func whatIsNoContainersIDIsRefused(text: String) {
  var writer = WireWriter()
  writer.integer(MessageCoding.version)
  writer.integer(UInt64(1))
  writer.integer(UInt8(2))
  writer.string(text)
  #expect(throws: WireError.self) { try MessageCoding.decode(ObserveRequest.self, writer.bytes, []) }
}

@Test func aCommandOfAContainerIsWithinItsBounds() {
  #expect(ContainerCommand([]) == nil)
  #expect(ContainerCommand([""]) == nil)
  #expect(ContainerCommand(["sh", ""]) != nil)
  #expect(ContainerCommand(["a\u{0}b"]) == nil)
  #expect(ContainerCommand(Array(repeating: "a", count: 256)) != nil)
  #expect(ContainerCommand(Array(repeating: "a", count: 257)) == nil)
  #expect(ContainerCommand([String(repeating: "a", count: 8192)]) != nil)
  #expect(ContainerCommand([String(repeating: "a", count: 8192), "b"]) == nil)
}

@Test func aProgramIsOneOfThoseListed() {
  #expect(Program(rawValue: 0) == nil)
  #expect(Program(rawValue: 4) == nil)
}

@Test func launcherStatsMayNotSayAnythingToLauncherVMM() {
  for bytes: [UInt8] in [[1], [1, 1], [1, 0, 0]] {
    #expect(throws: WireError.self) { try MessageCoding.decode(StatsToVMM.self, bytes, []) }
  }
}

@Test func numbersAreLittleEndianAndStringsHaveTheirLengthBeforeThem() {
  var writer = WireWriter()
  writer.integer(UInt32(0x0102_0304))
  writer.string("aü")
  #expect(writer.bytes == [4, 3, 2, 1, 3, 0, 0, 0, 0x61, 0xc3, 0xbc])
}
