import AsyncLoop
import Channel
import Glibc
import Instances
import Linux
import ServiceManager
import Settings
import TestSupport
import Testing

@testable import launcher_vmm

/// launcher-vmm's manager with instances that were there before, and without the other processes. A test takes
/// launcher-net's place.
@LoopActor final class TestNode {
  let folder: TemporaryFolder
  let store: InstanceStore
  let volumes: TemporaryFolder
  private let peers: Peers
  let node: Node
  private let spawner: Descriptor
  private var number: UInt64 = 0

  init() throws {
    (folder, store) = try makeStateFolder()
    volumes = try TemporaryFolder()
    let options = try Settings(.vmm, ["-volumes=\(volumes.path)"])
    let rendezvous = try UnixSocket.make(.packets)
    try UnixSocket.listen(rendezvous, at: "\(folder.path)/rendezvous", backlog: 1)
    peers = Peers(listener: rendezvous, users: Peers.Users(options))
    let (ours, theirs) = try UnixSocket.pair()
    spawner = theirs
    node = Node(
      store: store, spawner: SpawnerClient(ours) { _ in }, engine: nil, observer: nil, networkClient: nil,
      null: try .open("/dev/null", O_RDWR), peers: peers,
      service: try ServiceManager(socketPath: nil, watchdogMicroseconds: nil, watchdogProcess: nil),
      Node.Settings(
        console: .none, stopGrace: 0, toolDeadline: 1, limits: NodeLimits(options, memoryMB: 1000, diskMB: 1000),
        network: options.network, volumes: try VolumePlace(options.volumes)))
  }

  /// Makes an instance with these volumes, and its machine with disks in these slots; nil: it does not run.
  func makeInstance(_ instance: Identifier = id, volumes: [Volume] = [], plugged: Set<Int>? = []) throws
    -> ScriptedMachine?
  {
    let staging = try store.makeStaging(for: instance)
    if try !Files.names(in: store.images).contains("image") { _ = try makeRawImage(size: 512, in: store) }
    var spec = InstanceSpec(instance: instance, tenant: instance, image: ImageName("image"))
    spec.volumes = try #require(VolumeList(volumes))
    var file = InstanceFile(spec: spec, image: try store.image(ImageName("image")!), request: 1)
    try store.commitStaging(of: instance, staging)
    let machine = try plugged.map { try ScriptedMachine(in: "\(store.instancesPath)/\(instance)", plugged: $0) }
    file.run = machine?.run
    try store.writeState(file, in: store.folder(of: instance))
    return machine
  }

  func makeVolume(_ volume: Identifier) throws {
    try Files.create(volume.text, [UInt8](repeating: 0, count: 512), in: volumes.handle)
  }

  /// Reads the instances and takes over their machines.
  func run() async { await node.start() }

  /// What launcher-net sends.
  func receive(_ message: NetToVMM) throws { try peers.onNetMessage?(message) }

  func request(isRepeated: Bool = false) -> Request {
    number += 1
    return Request(number: number, isRepeated: isRepeated)
  }

  /// Attaches a volume; the reason for which that failed, nil when it did not.
  func attach(_ volume: Identifier, to instance: Identifier = id, isRepeated: Bool = false) async throws
    -> FailureReason?
  {
    let request = request(isRepeated: isRepeated)
    try receive(.attachVolume(request, instance, volume: volume))
    return try await reason(of: request, instance)
  }

  func detach(_ volume: Identifier, from instance: Identifier = id) async throws -> FailureReason? {
    let request = request()
    try receive(.detachVolume(request, instance, volume: volume))
    return try await reason(of: request, instance)
  }

  /// Waits for the answer to a command that cannot succeed and comes behind.
  private func reason(of request: Request, _ instance: Identifier) async throws -> FailureReason? {
    let last = self.request()
    try receive(.detachVolume(last, instance, volume: Identifier("0")!))
    try await wait { node.reports.open.contains { $0.request == last.number } }
    guard let report = node.reports.open.first(where: { $0.request == request.number })?.report else { return nil }
    guard case .volumeFailure(_, _, _, let reason) = report else {
      Issue.record("\(report)")
      return nil
    }
    return reason
  }

  /// The volumes that an instance has, as it is written down.
  func written(_ instance: Identifier = id) throws -> [Identifier] {
    try store.readState(of: instance).spec.volumes.all.map(\.id)
  }

  /// Waits until something is the case; the alarm of `onLoop` ends a wait that is in vain.
  func wait(until isSo: () throws -> Bool) async throws {
    while try !isSo() { await LoopActor.sleep(until: .after(seconds: 0.001)) }
  }
}
