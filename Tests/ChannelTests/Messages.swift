import Channel
import Instances
import Linux

/// One message of a direction, with what has to come back from its bytes.
struct Sample {
  let name: String
  /// The kinds of its datagram: version, then what the message writes.
  let bytes: [UInt8]
  let descriptors: [Descriptor]
  /// Decodes bytes of this direction and describes the message.
  let decode: ([UInt8], [Descriptor]) throws(WireError) -> String
  /// Whether these bytes are a message of this direction.
  let isMessage: ([UInt8], [Descriptor]) -> Bool
  /// The message as it was sent, described.
  let text: String

  init<M: Message>(_ name: String, _ message: M) {
    self.name = name
    bytes = MessageCoding.encode(message)
    descriptors = message.descriptors
    decode = { (bytes, descriptors) throws(WireError) in
      describe(try MessageCoding.decode(M.self, bytes, descriptors))
    }
    isMessage = { (try? MessageCoding.decode(M.self, $0, $1)) != nil }
    text = describe(message)
  }
}

/// Everything a message holds, and its descriptors by number.
private func describe<M: Message>(_ message: M) -> String {
  var text = ""
  dump(message, to: &text)
  // Objects are numbered in the order in which they are met, and their numbers of descriptors are within.
  return text + message.descriptors.map { "\($0.raw)" }.joined(separator: ",")
}

private let id = Identifier("67d86208-000-4465-9018-fe14087d415f")!

func fullSpec() -> InstanceSpec {
  var spec = InstanceSpec(instance: id, tenant: Identifier("a")!, image: ImageName("image.qcow2")!, firmware: .legacy)
  spec.resources.vcpus = 256
  spec.resources.memoryMB = 16_777_216
  spec.resources.diskMB = 64_000_000
  spec.resources.isNetworkNode = true
  spec.network.mac = MACAddress("02:00:e6:f5:af:f9")
  spec.network.vnic = id
  spec.network.concentrator = id
  spec.network.concentratorIP = IPv4Address("192.168.42.21")
  spec.network.subnet = IPv4Subnet("255.255.255.255/32")
  spec.network.subnetKey = String(repeating: "ü", count: 127) + "x"
  spec.network.subnetID = id
  spec.network.privateIP = IPv4Address("0.0.0.0")
  spec.network.publicIP = IPv4Address("255.255.255.255")
  return spec
}

func fullContainer() -> InstanceSpec {
  var container = ContainerSpec(image: ImageReference("registry.example:5000/a/image:tag")!)
  container.hostName = HostName(String(repeating: "h", count: 63))
  container.command = ContainerCommand(["sh", "-c", String(repeating: "\u{1}", count: 8188)])
  var spec = InstanceSpec(instance: id, tenant: id, kind: .docker, container: container, firmware: .efi)
  spec.network.mac = MACAddress("02:00:e6:f5:af:f9")
  spec.network.privateIP = IPv4Address("192.168.8.2")
  return spec
}

/// As many volumes as an instance may have, with everything that one can have.
func fullVolumes() -> VolumeList {
  VolumeList(
    (0..<VolumeList.maximum).map {
      Volume(
        Identifier(String(repeating: "\($0)", count: 72))!, slot: VolumeList.maximum - 1 - $0, boots: true,
        ephemeralSize: 65_536)
    })!
}

/// A machine that boots from a volume.
func volumeSpec() -> InstanceSpec {
  var spec = fullSpec()
  spec.image = nil
  spec.volumes = fullVolumes()
  return spec
}

let fullBridge = TenantBridge("lb-0123456789ab")!

func fullNode() -> NodeSample {
  var node = NodeSample()
  node.memoryTotalMB = .max
  node.load = 0
  node.hostName = String(repeating: "h", count: 64)
  node.networks = Array(repeating: .init(ip: "10.0.0.1", mac: "02:00:e6:f5:af:f9"), count: 64)
  return node
}

func fullInstances() -> [InstanceSample] {
  var sample = InstanceSample(instance: Identifier(String(repeating: "a", count: 72))!, state: .exited)
  sample.sshIP = "255.255.255.255"
  sample.sshPort = 65535
  sample.memoryUsageMB = .max
  sample.volumes = fullVolumes().all.map(\.id)
  return Array(repeating: sample, count: StatsToNet.maximumInstances)
}

private func containerTask(_ task: ContainerTask) throws -> ManagerToContainers {
  .spawn(job: 1, task, try (0..<3).map { _ in try Descriptor.open("/dev/null", 0) })
}

/// Every message of every direction, at its simplest and at its fullest.
func samples() throws -> [Sample] {
  func file() throws -> Descriptor { try Descriptor.open("/dev/null", 0) }
  let request = Request(number: .max, isRepeated: true)
  let container = fullContainer()
  let subnet = TenantSubnet(
    tenant: id, subnet: IPv4Subnet("255.255.255.255/32")!, concentrator: id,
    concentratorIP: IPv4Address("192.168.42.21")!, key: String(repeating: "k", count: 255))
  return [
    Sample(
      "start",
      NetToVMM.start(
        request, fullSpec(), userData: try file(), metaData: try file(), scheduler: SchedulerHost("scheduler.example"),
        isRestart: true)),
    Sample(
      "start container",
      NetToVMM.start(
        request, container, userData: try file(), metaData: nil, scheduler: nil, isRestart: false)),
    Sample("stop", NetToVMM.stop(Request(number: 0, isRepeated: false), id)),
    Sample("restart", NetToVMM.restart(request, id)),
    Sample("delete", NetToVMM.delete(request, id)),
    Sample("acknowledge", NetToVMM.acknowledge(.max)),
    Sample(
      "start from volumes",
      NetToVMM.start(request, volumeSpec(), userData: try file(), metaData: nil, scheduler: nil, isRestart: false)),
    Sample("attach volume", NetToVMM.attachVolume(request, id, volume: Identifier("0a")!)),
    Sample("detach volume", NetToVMM.detachVolume(request, id, volume: Identifier("0a")!)),
    Sample("need stats channel", NetToVMM.needStatsChannel),
    Sample("withdraw", NetToVMM.withdraw(request, id)),
    Sample("evacuate", NetToVMM.evacuate(request)),
    Sample("restore", NetToVMM.restore(request)),
    Sample("no limits configured", NetToVMM.configure(ConfiguredLimits())),
    Sample("limits configured", NetToVMM.configure(ConfiguredLimits(memory: true, disk: false))),
    Sample("completed", VMMToNet.completed(1)),
    Sample("failure", VMMToNet.report(number: 2, request: .max, .failure(.start, id, .fullComputeNode))),
    Sample("deleted", VMMToNet.report(number: 3, request: 0, .deleted(id))),
    Sample("tenant added", VMMToNet.report(number: 4, request: nil, .tenantAdded(subnet))),
    Sample("tenant removed", VMMToNet.report(number: 5, request: 1, .tenantRemoved(subnet))),
    Sample(
      "volume failure",
      VMMToNet.report(
        number: 6, request: 1, .volumeFailure(.detachVolume, id, volume: Identifier("0a")!, .notAttached))),
    Sample("network", VMMToNet.network(.cn)),
    Sample("stopped", VMMToNet.report(number: 6, request: 2, .stopped(id))),
    Sample("restarting failure", VMMToNet.report(number: 7, request: 3, .restartingFailure(id, .fullComputeNode))),
    Sample("census", VMMToNet.census(.max, isFull: true, isInMaintenance: false)),
    Sample("census in maintenance", VMMToNet.census(0, isFull: false, isInMaintenance: true)),
    Sample("statsChannel", VMMToNet.statsChannel(try file())),
    Sample(
      "instance",
      VMMToStats.instance(
        InstanceRecord(
          instance: id, state: .active, vcpus: 1, sshIP: IPv4Address("10.0.0.1"), sshPort: 65535,
          volumes: fullVolumes().all.map(\.id)),
        InstanceFiles(memory: try file(), time: try file(), disk: try file()))),
    Sample(
      "container",
      VMMToStats.instance(
        InstanceRecord(
          instance: id, kind: .docker, state: .active, vcpus: 1, diskMB: .max, sshIP: nil, sshPort: 0),
        InstanceFiles(memory: try file(), time: try file()))),
    Sample("simulated instance", VMMToStats.instance(simulatedRecord(), InstanceFiles())),
    Sample(
      "instance with a disk",
      VMMToStats.instance(
        InstanceRecord(instance: id, state: .exited, vcpus: 1, sshIP: nil, sshPort: 0),
        InstanceFiles(disk: try file()))),
    Sample(
      "instance without ssh",
      VMMToStats.instance(
        InstanceRecord(instance: id, state: .pending, vcpus: 256, sshIP: nil, sshPort: 0), InstanceFiles())),
    Sample("removed", VMMToStats.removed(id)),
    Sample("complete", VMMToStats.complete),
    Sample("netChannel", VMMToStats.netChannel(try file())),
    Sample("sample", NetToStats.sample(request: .max, withInstances: true)),
    Sample("node", StatsToNet.node(request: 1, NodeSample())),
    Sample("full node", StatsToNet.node(request: 1, fullNode())),
    Sample("instances", StatsToNet.instances(request: 1, Array(fullInstances().prefix(2)), isLast: true)),
    Sample("no instances", StatsToNet.instances(request: 1, [], isLast: false)),
    Sample("hello", RendezvousHello(role: .net)),
    Sample("hello of stats", RendezvousHello(role: .stats)),
    Sample("welcome", RendezvousWelcome(channel: try file(), spare: try file())),
    Sample(
      "machine",
      ManagerToSpawner.spawn(
        job: 1, .machine(fullSpec(), .qcow2), [try file(), try file(), try file(), try file(), try file()])),
    Sample(
      "machine with volumes",
      ManagerToSpawner.spawn(
        job: 1,
        .machine(
          volumeSpec(), nil, tapMTU: 1450, volumes: (0..<VolumeList.maximum).map { .file($0 == 0 ? .raw : .qcow2) }),
        try (0..<14).map { _ in try file() })),
    Sample(
      "machine with RBD volumes",
      ManagerToSpawner.spawn(
        job: 1, .machine(volumeSpec(), nil, volumes: [.rbd, .file(.qcow2)] + Array(repeating: .rbd, count: 6)),
        try (0..<6).map { _ in try file() })),
    Sample(
      "ephemeral volume",
      ManagerToSpawner.spawn(
        job: 1, .ephemeralVolume(id, Identifier("0a")!, gibibytes: 1), [try file(), try file(), try file()])),
    Sample(
      "overlay",
      ManagerToSpawner.spawn(
        job: 1, .overlay(id, ImageName("image")!, .raw, size: 512), [try file(), try file(), try file()])),
    Sample(
      "overlay over a stack",
      ManagerToSpawner.spawn(
        job: 1, .overlay(id, ImageName("image")!, fullStack(), size: 512), [try file(), try file(), try file()])),
    Sample(
      "config drive", ManagerToSpawner.spawn(job: 1, .configDrive(id), [try file(), try file(), try file()])),
    Sample("started", SpawnerToManager.started(job: 1, pid: .max, pidfd: try file())),
    Sample("failed", SpawnerToManager.failed(job: 1, reason: "execute: no")),
    Sample("exited", SpawnerToManager.ended(job: 1, .exited(255))),
    Sample("killed", SpawnerToManager.ended(job: 1, .killed(signal: 9))),
    Sample("figures wanted", ObserveRequest(job: 1, .process(.max))),
    Sample(
      "container's figures wanted",
      ObserveRequest(job: 1, .container(ContainerID(String(repeating: "0f", count: 32))!))),
    Sample("version", try containerTask(.version)), Sample("list", try containerTask(.list)),
    Sample("sizes", try containerTask(.sizes)), Sample("events", try containerTask(.events(since: .max))),
    Sample("image", try containerTask(.image(ImageReference("image")!))),
    Sample("pull", try containerTask(.pull(ImageReference("image@sha256:" + String(repeating: "0", count: 64))!))),
    Sample("create", try containerTask(.create(fullContainer(), on: nil, limitingDisk: true))),
    Sample("create on a network", try containerTask(.create(fullContainer(), on: fullBridge, limitingDisk: false))),
    Sample("make network", try containerTask(.makeNetwork(fullBridge, IPv4Subnet("192.168.8.0/21")!))),
    Sample("remove network", try containerTask(.removeNetwork(fullBridge))),
    Sample("networks", try containerTask(.networks)),
    Sample("connect", try containerTask(.connect(id, fullBridge, IPv4Address("192.168.8.2")!))),
    Sample("disconnect", try containerTask(.disconnect(id, fullBridge))),
    Sample("join", ManagerToNetwork.join(job: 1, fullContainer())),
    Sample("bridges", ManagerToNetwork.bridges(job: .max)),
    Sample("joined", NetworkToManager.joined(job: 1, fullBridge)),
    Sample("bridge", NetworkToManager.bridge(job: 1, fullBridge)),
    Sample("start container's", try containerTask(.start(id))),
    Sample("stop container's", try containerTask(.stop(id, grace: .max))),
    Sample("kill", try containerTask(.kill(id))), Sample("remove", try containerTask(.remove(id))),
    Sample("inspect", try containerTask(.inspect(id))),
    Sample("figures", ObserveAnswer.figures(job: 1, memory: try file(), time: try file())),
    Sample("no figures", ObserveAnswer.failed(job: 1, reason: "open: no")),
    Sample("resolve", ResolveRequest(host: String(repeating: "h", count: 253))),
    Sample("resolved", ResolveAnswer(host: "scheduler.example", addresses: ["10.0.0.1", "::1"], failure: "")),
    Sample("not resolved", ResolveAnswer(host: "scheduler.example", addresses: [], failure: "no such host")),
  ]
}

/// As many images as may be laid over each other.
func fullStack() -> ImageStack {
  let names = (1..<ImageStack.maximumBelow).map { ImageName("image-\($0)")! }
  return ImageStack(.qcow2, over: names.map { .init($0, .qcow2) } + [.init(ImageName("last")!, .raw)])!
}

private func simulatedRecord() -> InstanceRecord {
  var record = InstanceRecord(
    instance: fullSpec().instance, state: .active, vcpus: 1, diskMB: 3, sshIP: nil, sshPort: 0)
  (record.memoryMB, record.cpuUsage) = (2, 1)
  return record
}
