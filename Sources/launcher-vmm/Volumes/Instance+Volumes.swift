import AsyncLoop
import Channel
import Glog
import Instances
import Linux
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
      guard volumes[id] == nil else {
        return request.isRepeated ? nil : Failure(reason: .alreadyAttached, cause: "volume \(id) is attached already")
      }
      return await attach(id, to: volumes)
    } catch {
      return error
    }
  }

  private func attach(_ id: Identifier, to volumes: VolumeList) async -> Failure? {
    if let problem = heldElsewhere(id) { return Failure(reason: .attachFailure, cause: problem) }
    var more = volumes
    guard let volume = more.add(id) else {
      return Failure(reason: .attachFailure, cause: "it has \(VolumeList.maximum) volumes already")
    }
    let opened: OpenVolume
    do {
      guard let found = try node.volumes?.open(id) else { throw UnusableVolume(id, "there is none of this name") }
      opened = found
    } catch {
      return Failure(reason: .attachFailure, cause: "\(error)")
    }
    do {
      try keep(more)
    } catch {
      return Failure(reason: .stateFailure, cause: "\(error)")
    }
    StopPoint.volumeRecorded.reach()
    guard let host = runner as? any VolumeHost else {
      log.info("\(self.id): volume \(id) is attached with its next start")
      return nil
    }
    do {
      try await host.plug(VolumeDrive(volume, opened.source), opened.descriptor)
      log.info("\(self.id): volume \(id) attached")
      return nil
    } catch {
      if error.remains == nil { forgetUnplugged(volumes) }
      return Failure(reason: .attachFailure, cause: "\(error)")
    }
  }

  /// Back to what its machine has.
  private func forgetUnplugged(_ volumes: VolumeList) {
    do {
      try keep(volumes)
    } catch {
      log.error("\(id): \(error): a volume that is not attached counts as attached; DetachVolume puts that right")
    }
  }

  func detach(_ request: Request, _ id: Identifier) async -> Failure? {
    do throws(Failure) {
      guard let volume = try fileForVolumes().spec.volumes[id] else {
        guard request.isRepeated else {
          return Failure(reason: .notAttached, cause: "volume \(id) is not attached")
        }
        removeOwnFile(of: id)
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
      try forget(volume)
    } catch {
      return Failure(reason: .stateFailure, cause: "\(error)")
    }
    StopPoint.volumeForgotten.reach()
    log.info("\(id): volume \(volume.id) detached")
    return nil
  }

  /// What a DetachVolume that was interrupted has left of a volume that was made for the instance.
  private func removeOwnFile(of volume: Identifier) {
    do {
      try Files.remove(EphemeralVolume.name(volume), in: node.store.folder(of: id).handle)
    } catch {
      log.error("\(id): remove volume \(volume): \(error): its file goes with the instance")
    }
  }

  /// One that was made for the instance goes with its last use.
  private func forget(_ volume: Volume) throws {
    guard var volumes = file?.spec.volumes else { return }
    volumes.remove(volume.id)
    try keep(volumes)
    if volume.ephemeralSize != nil {
      try Files.remove(EphemeralVolume.name(volume.id), in: node.store.folder(of: id).handle)
    }
  }

  /// After a restart of launcher: what its machine has no disk of is not attached, whatever was interrupted. That goes for
  /// what an AttachVolume may have left alone: a guest that ejects what it boots from, or what was made for it, keeps it.
  func compareVolumes() async {
    guard let host = runner as? any VolumeHost, let volumes = file?.spec.volumes, !volumes.isEmpty else { return }
    do {
      let plugged = try await host.pluggedSlots()
      for volume in volumes.all
      where !plugged.contains(volume.slot) && !volume.boots && volume.ephemeralSize == nil {
        log.warning("\(id): its machine has no disk of volume \(volume.id): not attached")
        try await host.unplug(volume)
        try forget(volume)
      }
    } catch {
      log.error("\(id): compare its volumes with its machine's: \(error)")
    }
  }
}
