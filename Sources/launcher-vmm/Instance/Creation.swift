import AsyncLoop
import Channel
import Instances
import Linux

/// What a START brings for the guest itself.
struct GuestData {
  let userData: Descriptor
  /// nil: the default is to be made.
  let metaData: Descriptor?
  /// Who asked for it, on a network node, whose guests are told.
  let scheduler: SchedulerHost?

  /// Refuses what no honest launcher-net sends.
  func check() throws {
    try SealedMemory.check(userData, limit: NetToVMM.maximumGuestData)
    if let metaData { try SealedMemory.check(metaData, limit: NetToVMM.maximumGuestData) }
  }
}

/// The making of an instance.
@LoopActor struct Creation {
  let node: Node
  let backend: any Backend
  let file: InstanceFile
  let guestData: GuestData

  private var id: Identifier { file.spec.instance }

  /// Makes the instance's folder as a whole and its place in its network: what its kind puts there, then the state, then
  /// the name. An error it throws leaves nothing.
  func run() async throws -> (InstanceFile, NetworkPlace?) {
    do {
      return try await make()
    } catch {
      await node.networks?.detach(id)
      if file.spec.kind == .docker { await node.containers?.removeUnusedNetworks() }
      node.store.discardStaging(of: id)
      throw error
    }
  }

  private func make() async throws -> (InstanceFile, NetworkPlace?) {
    let (store, lane) = (node.store, node.store.lane)
    let folder = try await lane.run { () throws(SystemError) in try store.makeStaging(for: id) }
    StopPoint.stagingMade.reach()
    let place = try await backend.furnish(file, in: folder, guestData)
    try await lane.run { () throws(SystemError) in try store.createState(file, in: folder) }
    StopPoint.stateWritten.reach()
    try await lane.run { () throws(SystemError) in try store.commitStaging(of: id, folder) }
    return (file, place)
  }
}
