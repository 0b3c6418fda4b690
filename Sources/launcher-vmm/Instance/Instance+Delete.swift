import AsyncLoop
import Channel
import Glog
import Linux

/// DELETE.
extension Instance {
  func delete(_ request: Request) async -> Failure? {
    await remove(request, reporting: .deleted(id)) { try await $0.end() }
  }

  /// Removes it when its guest has had the time to power down.
  func withdraw(_ request: Request) async -> Failure? {
    await remove(request, reporting: .stopped(id)) {
      try await $0.stop(grace: deleteWaits ? 0 : node.stopGrace, hurry: hurry, isHurried: { deleteWaits })
    }
  }

  private func remove(
    _ request: Request, reporting report: Report, ending end: @LoopActor (any Runner) async throws -> Void
  ) async -> Failure? {
    guard exists else {
      guard request.isRepeated else { return Failure(reason: .noInstance, cause: "no such instance") }
      node.reports.add(report, of: request)
      return nil
    }
    do {
      if let runner {
        try await end(runner)
        StopPoint.machineEnded.reach()
      }
      try await remove()
    } catch {
      return Failure(reason: .invalidData, cause: "\(error)")
    }
    node.reports.add(report, of: request)
    StopPoint.reported.reach()
    log.info("\(id): deleted")
    return nil
  }

  /// Removes an instance that does not run. Its subnet is told of before its files go: a DELETE that is interrupted
  /// in between is known by them.
  func remove() async throws {
    try await discard()
    await node.networks?.detach(id)
    // Of a corrupt one nobody knows whether it was one.
    if file?.spec.kind != .qemu { await node.containers?.removeUnusedNetworks() }
    StopPoint.networkDetached.reach()
    try await removeFolder {
      let subnet = tenantSubnet
      file = nil
      corruption = nil
      node.tellOfDeparture(from: subnet)
    }
    StopPoint.filesRemoved.reach()
    node.announceRemoval(of: id)
  }

  private func removeFolder(_ onNameTaken: () -> Void) async throws {
    do {
      try await node.store.lane.run { () throws(SystemError) in try node.store.remove(id, between: onNameTaken) }
    } catch {
      throw Unremovable(description: "remove its folder: \(error)")
    }
  }

  private struct Unremovable: Error, CustomStringConvertible {
    let description: String
  }

  /// Removes what it has outside its folder. Of which kind a corrupt one is nobody knows.
  private func discard() async throws {
    guard let kind = file?.spec.kind else {
      try await node.containers?.discard(id)
      return
    }
    guard let backend = node.backend(of: kind) else { throw Unlaunchable(description: Node.containersAreOff) }
    try await backend.discard(id)
  }
}
