import AsyncLoop
import Instances
import JSON
import Linux
import Loop
import Spawning

/// What volumes can come to and leave while it runs.
@LoopActor protocol VolumeHost: AnyObject {
  /// Called when it answers again after it did not.
  var onAnswer: (() -> Void)? { get set }
  func plug(_ drive: VolumeDrive, _ file: Descriptor?) async throws(Unplugged)
  /// Asks the guest to let go of a volume, and takes it away; also what is left of one that is gone already.
  func unplug(_ volume: Volume) async throws(QMPClient.Failure)
  /// The slots that have a disk.
  func pluggedSlots() async throws(QMPClient.Failure) -> Set<Int>
}

/// A volume did not come to a machine.
struct Unplugged: Error, CustomStringConvertible {
  let cause: QMPClient.Failure
  /// Why the machine may still have something of it; nil when it has not.
  let remains: QMPClient.Failure?

  var description: String {
    switch (cause, remains) {
    case (.timedOut, .some):
      "\(cause); nobody knows whether it was attached: look at what its disks wait for (Ceph's monitors, a disk); "
        + "AttachVolume or DetachVolume puts that right"
    case (_, let remains?): "\(cause); and what was done could not be undone: \(remains)"
    case (_, nil): "\(cause)"
    }
  }
}

extension Machine: VolumeHost {
  /// Seconds that a guest may take to let go of a disk: some look for its users first.
  static let unplugDeadline = 10.0
  /// Seconds between the end of a monitor and that of its process.
  private static let endPatience = 1.0

  private func monitor() throws(QMPClient.Failure) -> QMPClient {
    guard let qmp else { throw .closed("its monitor does not answer") }
    return qmp
  }

  func plug(_ drive: VolumeDrive, _ file: Descriptor?) async throws(Unplugged) {
    let slot = drive.volume.slot
    do throws(QMPClient.Failure) {
      let qmp = try monitor()
      let deadline = Moment.after(seconds: Self.commandDeadline)
      if let file { try await qmp.execute("add-fd", ["fdset-id": .int(Int64(slot))], passing: file, until: deadline) }
      StopPoint.volumePassed.reach()
      try await qmp.execute("blockdev-add", drive.blockdev, until: deadline)
      StopPoint.volumeOpened.reach()
      try await qmp.execute("device_add", drive.device(), until: deadline)
      StopPoint.volumePlugged.reach()
    } catch {
      throw Unplugged(cause: error, remains: await undoPlug(slot, after: error))
    }
  }

  /// A command that was refused left nothing; what became of one that was not answered nobody knows.
  private func undoPlug(_ slot: Int, after failure: QMPClient.Failure) async -> QMPClient.Failure? {
    // A process that ends closes its monitor first.
    if case .closed = failure { await waitForEnd(until: .after(seconds: Self.endPatience)) }
    if hasEnded { return nil }
    guard failure.isRefusal else { return failure }
    do throws(QMPClient.Failure) {
      try await release(slot)
      return nil
    } catch {
      return error
    }
  }

  func unplug(_ volume: Volume) async throws(QMPClient.Failure) {
    try await takeDevice(VolumeDrive.device(volume.slot))
    if hasEnded { return }
    StopPoint.volumeLeft.reach()
    try await release(volume.slot)
  }

  /// Has the guest let go of a disk.
  private func takeDevice(_ device: String) async throws(QMPClient.Failure) {
    let gate = Gate()
    leaving.ask(device)
    leavingGates[device] = gate
    defer {
      leaving.forget(device)
      leavingGates[device] = nil
    }
    let qmp = try monitor()
    do throws(QMPClient.Failure) {
      try await qmp.execute("device_del", ["id": .string(device)], until: .after(seconds: Self.commandDeadline))
    } catch {
      if error.isDeviceNotFound { return }
      // One that was asked before and has not done it yet is not asked again.
      guard error.says("in the process of unplug") else { throw error }
    }
    // It may have been told with the answer.
    if leaving.gone.contains(device) || hasEnded { return }
    guard await gate.wait(until: .after(seconds: Self.unplugDeadline)) else {
      throw .timedOut("device_del: the guest has not let go of the disk within \(Int(Self.unplugDeadline)) s")
    }
  }

  /// Takes away the node and the file of a disk that is gone, as far as they are there.
  private func release(_ slot: Int) async throws(QMPClient.Failure) {
    try await execute("blockdev-del", ["node-name": .string(VolumeDrive.node(slot))], unless: "Failed to find node")
    try await execute("remove-fd", ["fdset-id": .int(Int64(slot))], unless: "not found")
  }

  private func execute(_ command: String, _ arguments: JSONValue, unless absence: String)
    async throws(QMPClient.Failure)
  {
    do throws(QMPClient.Failure) {
      try await monitor().execute(command, arguments, until: .after(seconds: Self.commandDeadline))
    } catch {
      guard error.says(absence) else { throw error }
    }
  }

  func pluggedSlots() async throws(QMPClient.Failure) -> Set<Int> {
    let devices = try await monitor().execute(
      "qom-list", ["path": "/machine/peripheral"], until: .after(seconds: Self.commandDeadline))
    return Self.pluggedSlots(devices)
  }

  /// The slots of the devices that qom-list names.
  nonisolated static func pluggedSlots(_ devices: JSONValue) -> Set<Int> {
    let names = Set((devices.array ?? []).compactMap { $0["name"]?.string })
    return Set((0..<VolumeList.maximum).filter { names.contains(VolumeDrive.device($0)) })
  }
}
