import AsyncLoop
import Channel
import Glibc
import Glog
import Instances
import Linux

/// Instances that are made up (`-simulation`): they have folders and states, live and end as machines and containers
/// would, and are found again after a restart, but nothing is executed.
///
/// An instance runs while its folder has the file `running`, which says since when: it stands in a process's place, so
/// what it says outlives launcher-vmm and not the node's boot.
@LoopActor final class Simulation: Backend {
  private let store: InstanceStore
  private let boot: String

  /// - boot: the name of the node's boot, which a confined process cannot read.
  init(_ store: InstanceStore, boot: String) {
    self.store = store
    self.boot = boot
  }

  func obstacle(to spec: InstanceSpec) -> String? {
    spec.volumes.isEmpty ? nil : "storage: a simulated instance has no volumes"
  }

  func backingImage(of spec: InstanceSpec) throws -> BackingImage? { spec.image.map { BackingImage(madeUp: $0) } }

  func furnish(_ file: InstanceFile, in folder: InstanceStore.Folder, _ guestData: GuestData) async throws
    -> NetworkPlace?
  { nil }

  func start(_ file: InstanceFile, in folder: InstanceStore.Folder, _ place: NetworkPlace?) async throws
    -> any Runner
  {
    await LoopActor.sleep(until: .after(seconds: SimulatedGuest.bootTime))
    let record = SimulatedRun(boot: boot, start: .now)
    try Files.remove(SimulatedRun.name, in: folder.handle)
    try Files.create(SimulatedRun.name, record.bytes, in: folder.handle)
    return SimulatedGuest(file.spec.instance, since: record.start, store)
  }

  func find(_ instance: Identifier, _ file: InstanceFile?, in folder: InstanceStore.Folder) -> (any Remains)? {
    guard let record = SimulatedRun(in: folder.handle), record.boot == boot else { return nil }
    return SimulatedRemains(guest: SimulatedGuest(instance, since: record.start, store))
  }

  func look(for instance: Identifier) async throws -> (any Runner)? { nil }

  /// All of it is in its folder.
  func discard(_ instance: Identifier) async throws {}
}

/// What the file `running` of a simulated instance says.
struct SimulatedRun: Equatable {
  static let name = "running"
  private static let limit = 128

  let boot: String
  let start: Moment

  init(boot: String, start: Moment) {
    self.boot = boot
    self.start = start
  }

  /// nil when the file is not there, or says nothing that is understood.
  init?(in folder: Descriptor) {
    guard let bytes = try? Files.read(Self.name, in: folder, limit: Self.limit) else { return nil }
    self.init(String(decoding: bytes, as: UTF8.self))
  }

  init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 2, let start = Int64(words[1]), start >= 0 else { return nil }
    self.init(boot: String(words[0]), start: Moment(nanoseconds: start))
  }

  var bytes: [UInt8] { Array("\(boot) \(start.nanoseconds)".utf8) }
}

private struct SimulatedRemains: Remains {
  let guest: SimulatedGuest

  var runner: (any Runner)? { guest.hasEnded ? nil : guest }

  func takeOver() async -> (any Runner)? { runner }
}

extension BackingImage {
  /// Of an image that is not there.
  fileprivate init(madeUp name: ImageName) {
    self.name = name
    stack = .raw
    virtualSize = 2_000_000_000
  }
}
