import AsyncLoop
import Channel
import Glog

/// STOP, and what is stopped without it.
extension Instance {
  func stop(_ request: Request) async -> Failure? {
    guard exists else { return Failure(reason: .noInstance, cause: "no such instance") }
    guard let runner else {
      return request.isRepeated ? nil : Failure(reason: .alreadyStopped, cause: "it does not run")
    }
    do {
      try await runner.stop(
        grace: deleteWaits ? 0 : node.stopGrace, hurry: hurry, isHurried: { deleteWaits })
    } catch {
      return Failure(reason: .invalidData, cause: "\(error)")
    }
    StopPoint.machineEnded.reach()
    return nil
  }

  /// Stops what runs it, when what was asked of it before is done; false when Restore came first. One at a time waits
  /// for this.
  func evacuate() async -> Bool {
    guard isWorking || isRunning else { return true }
    return await withCheckedContinuation {
      evacuation = $0
      wake()
    }
  }

  func leave() async -> Bool {
    guard node.maintenance.isEvacuating else { return false }
    guard isRunning else { return true }
    await powerDown()
    StopPoint.machineEnded.reach()
    return true
  }

  /// Powers the guest down as STOP does.
  func powerDown() async {
    do {
      try await runner?.stop(grace: node.stopGrace, hurry: hurry, isHurried: { deleteWaits })
    } catch {
      log.error("\(id): \(error)")
    }
  }
}
