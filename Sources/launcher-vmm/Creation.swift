import AsyncLoop
import Channel
import Instances
import Linux
import Spawning

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
  let request: Request
  let spec: InstanceSpec
  let image: BackingImage
  let guestData: GuestData

  private var id: Identifier { spec.instance }

  /// Makes the instance's folder as a whole and its place in its network: disks and network side by side, then the
  /// state, then the name. An error it throws leaves nothing.
  func run() async throws -> (InstanceFile, Attachment?) {
    do {
      return try await make()
    } catch {
      await node.networks?.detach(id)
      node.store.discardStaging(of: id)
      throw error
    }
  }

  private func make() async throws -> (InstanceFile, Attachment?) {
    let store = node.store
    let folder = try store.makeStaging(for: id)
    StopPoint.stagingMade.reach()
    try layOutDrives(in: folder)
    StopPoint.configDriveLaidOut.reach()
    let (tools, networks) = (node.tools, node.networks)
    var jobs: [@LoopActor () async throws -> Void] = [
      { try await tools.run(image.overlay(for: id, diskMB: spec.resources.diskMB)) },
      { try await tools.run(.configDrive(id)) },
    ]
    if guestData.scheduler != nil { jobs.append { try await tools.run(.schedulerDrive(id)) } }
    var attachment: Attachment?
    if let networks { jobs.append { attachment = try await networks.attach(spec) } }
    try await together(jobs)
    StopPoint.toolsEnded.reach()
    try ConfigDrive.cleanUp(in: folder)
    try SchedulerDrive.cleanUp(in: folder)
    if spec.firmware == .efi { try node.firmware?.ensureVariables(in: folder.handle) }
    try Files.sync(InstanceDisk.name, in: folder.handle)
    try Files.sync(ConfigDrive.name, in: folder.handle)
    if guestData.scheduler != nil { try Files.sync(SchedulerDrive.name, in: folder.handle) }
    let file = InstanceFile(spec: spec, image: image, request: request.number)
    try store.writeState(file, in: folder)
    StopPoint.stateWritten.reach()
    try store.commitStaging(of: id, folder)
    return (file, attachment)
  }

  private func layOutDrives(in folder: InstanceStore.Folder) throws {
    let limit = NetToVMM.maximumGuestData
    try ConfigDrive.layOut(
      in: folder, userData: SealedMemory.read(guestData.userData, limit: limit),
      metaData: guestData.metaData.map { try SealedMemory.read($0, limit: limit) }
        ?? ConfigDrive.defaultMetaData(for: id))
    if let scheduler = guestData.scheduler { try SchedulerDrive.layOut(in: folder, scheduler) }
  }
}
