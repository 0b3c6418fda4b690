import AsyncLoop
import Channel
import Glog
import Instances
import Linux
import Settings
import Spawning

/// An instance's volumes.
///
/// The state file has a volume before its machine has anything of it, and as long as it may have: what a crash leaves
/// between the two is compared at the take-over. What a machine, which its guest may have taken over, says it has is
/// believed as far as that is less than what is written, never where it is more.
extension Instance {
  /// What no instance on this node can be made with, because another one has it.
  func heldElsewhere(_ volumes: VolumeList) -> String? {
    for volume in volumes.all {
      if let problem = heldElsewhere(volume.id) { return problem }
    }
    return nil
  }

  private func heldElsewhere(_ volume: Identifier) -> String? {
    node.holder(of: volume, but: self).map { "volume \(volume) is attached to instance \($0)" }
  }

  /// What it is; throws why it takes part in no command about volumes.
  private func fileForVolumes() throws(Failure) -> InstanceFile {
    guard exists else { throw Failure(reason: .noInstance, cause: "no such instance") }
    guard let file else { throw Failure(reason: .instanceFailure, cause: corruption ?? "no state") }
    guard file.spec.kind == .qemu else {
      throw Failure(reason: .notSupported, cause: "it is a container, which has no volumes")
    }
    guard node.volumes != nil else { throw Failure(reason: .notSupported, cause: Node.volumesAreOff) }
    return file
  }

  func attach(_ request: Request, _ id: Identifier) async -> Failure? {
    do throws(Failure) {
      let volumes = try fileForVolumes().spec.volumes
      guard let volume = volumes[id] else { return await attach(id, to: volumes) }
      if let host = runner as? any VolumeHost, try await isMissing(volume, in: host) {
        return await attachAgain(volume, host)
      }
      return request.isRepeated ? nil : Failure(reason: .alreadyAttached, cause: "volume \(id) is attached already")
    } catch {
      return error
    }
  }

  /// Whether its machine, which may have one of it, has no disk of it. An AttachVolume that was interrupted or failed may
  /// have left that, while the machine did not answer.
  private func isMissing(_ volume: Volume, in host: any VolumeHost) async throws(Failure) -> Bool {
    guard volume.mayHaveBeenLeft else { return false }
    do throws(QMPClient.Failure) {
      return try await !host.pluggedSlots().contains(volume.slot)
    } catch {
      throw Failure(
        reason: .attachFailure, cause: "ask its machine whether volume \(volume.id) is attached already: \(error)")
    }
  }

  /// Attaches what it is said to have and its machine has no disk of.
  private func attachAgain(_ volume: Volume, _ host: any VolumeHost) async -> Failure? {
    do {
      let opened = try open(volume.id)
      try await host.unplug(volume)
      guard var volumes = file?.spec.volumes else { return nil }
      volumes.remove(volume.id)
      return await plug(volume, opened, into: host, besides: volumes)
    } catch {
      return Failure(reason: .attachFailure, cause: "\(error)")
    }
  }

  private func open(_ volume: Identifier) throws -> OpenVolume {
    guard let found = try node.volumes?.open(volume) else { throw UnusableVolume(volume, "there is none of this name") }
    return found
  }

  private func attach(_ id: Identifier, to volumes: VolumeList) async -> Failure? {
    if let problem = heldElsewhere(id) { return Failure(reason: .attachFailure, cause: problem) }
    var more = volumes
    guard let volume = more.add(id) else {
      return Failure(reason: .attachFailure, cause: "it has \(VolumeList.maximum) volumes already")
    }
    reservedVolumes = more
    defer { reservedVolumes = VolumeList() }
    let opened: OpenVolume
    do {
      opened = try open(id)
    } catch {
      return Failure(reason: .attachFailure, cause: "\(error)")
    }
    do {
      try await keep(more)
    } catch {
      return Failure(reason: .stateFailure, cause: "\(error)")
    }
    StopPoint.volumeRecorded.reach()
    guard let host = runner as? any VolumeHost else {
      log.info("\(self.id): volume \(id) is attached with its next start")
      return nil
    }
    return await plug(volume, opened, into: host, besides: volumes)
  }

  /// - others: the volumes it has if this does not come to its machine.
  private func plug(_ volume: Volume, _ opened: OpenVolume, into host: any VolumeHost, besides others: VolumeList) async
    -> Failure?
  {
    do {
      try await host.plug(VolumeDrive(volume, opened.backing), opened.descriptor)
      log.info("\(id): volume \(volume.id) attached")
      return nil
    } catch {
      if error.remains == nil { await forgetUnplugged(others) }
      return Failure(reason: .attachFailure, cause: "\(error)" + remedy(error, opened.backing))
    }
  }

  /// What a machine may open is decided at its start.
  private func remedy(_ error: Unplugged, _ backing: VolumeBacking) -> String {
    // Of an image that is missing, or that others have, Ceph has told.
    guard case .rbd = backing, error.cause.says("conf file") || error.cause.says("driver") else { return "" }
    return "; if it was started without RBD volumes, or before what is in \(RBDPool.folder), RESTART it"
  }

  /// Writes what volumes it has from now on.
  private func keep(_ volumes: VolumeList) async throws {
    let store = node.store
    try await store.lane.run {
      guard var changed = file else { return }
      changed.spec.volumes = volumes
      guard changed.spec.isComplete else { throw UnusableVolumes() }
      try store.writeState(changed, in: store.folder(of: id))
      file = changed
    }
    node.announce(self)
  }

  /// Back to what its machine has.
  private func forgetUnplugged(_ volumes: VolumeList) async {
    do {
      try await keep(volumes)
    } catch {
      log.error(
        "\(id): \(error): a volume that is not attached counts as attached; AttachVolume or DetachVolume puts that right"
      )
    }
  }

  func detach(_ request: Request, _ id: Identifier) async -> Failure? {
    do throws(Failure) {
      guard let volume = try fileForVolumes().spec.volumes[id] else {
        guard request.isRepeated else {
          return Failure(reason: .notAttached, cause: "volume \(id) is not attached")
        }
        await removeOwnFile(of: id)
        return nil
      }
      guard !volume.boots else { return Failure(reason: .detachFailure, cause: "it boots from volume \(id)") }
      return await detach(volume)
    } catch {
      return error
    }
  }

  private func detach(_ volume: Volume) async -> Failure? {
    if let host = runner as? any VolumeHost {
      do {
        try await host.unplug(volume)
      } catch {
        return Failure(reason: .detachFailure, cause: "volume \(volume.id): \(error)")
      }
      StopPoint.volumeUnplugged.reach()
    }
    do {
      try await forget(volume)
    } catch {
      return Failure(reason: .stateFailure, cause: "\(error)")
    }
    StopPoint.volumeForgotten.reach()
    log.info("\(id): volume \(volume.id) detached")
    return nil
  }

  /// Of a volume that was made for the instance and is not attached any more, also what an interrupted DetachVolume has
  /// left of it.
  private func removeOwnFile(of volume: Identifier) async {
    let store = node.store
    do {
      try await store.lane.run { try Files.remove(EphemeralVolume.name(volume), in: store.folder(of: id).handle) }
    } catch {
      log.error("\(id): remove volume \(volume): \(error): its file goes with the instance")
    }
  }

  /// One that was made for the instance goes with its last use.
  private func forget(_ volume: Volume) async throws {
    guard var volumes = file?.spec.volumes else { return }
    volumes.remove(volume.id)
    try await keep(volumes)
    if volume.ephemeralSize != nil { await removeOwnFile(of: volume.id) }
  }

  /// After a restart of launcher, and where its machine's monitor answers again: what the machine has no disk of is not
  /// attached, whatever was interrupted.
  func compareVolumes() async {
    guard let host = runner as? any VolumeHost, let volumes = file?.spec.volumes, !volumes.isEmpty else { return }
    let plugged: Set<Int>
    do {
      plugged = try await host.pluggedSlots()
    } catch {
      return log.error("\(id): compare its volumes with its machine's: \(error)")
    }
    for volume in volumes.all where !plugged.contains(volume.slot) && volume.mayHaveBeenLeft {
      log.warning("\(id): its machine has no disk of volume \(volume.id): not attached")
      do {
        try await host.unplug(volume)
        try await forget(volume)
      } catch {
        log.error("\(id): volume \(volume.id) stays listed, though its machine has no disk of it: \(error)")
      }
    }
  }
}

extension Volume {
  /// An AttachVolume that came to no end may have left it without a disk. What was there from the START has had one: a
  /// guest that ejects what it boots from, or what was made for it, keeps it.
  fileprivate var mayHaveBeenLeft: Bool { !boots && ephemeralSize == nil }
}
