import AsyncLoop
import Glog
import Instances

/// The node's maintenance: EVACUATE begins it, Restore ends it, and it outlives every process and the host. While it
/// lasts nothing is started on this node; EVACUATE also stops what runs.
@LoopActor final class Maintenance {
  /// Instances that are stopped at the same time: their guests share the node's disks and processors on the way down.
  static let parallelStops = 8
  /// Why nothing is started; for the log.
  nonisolated static let cause = "the node is in maintenance: Restore ends it"

  private let store: InstanceStore
  private let instances: () -> [Instance]
  /// nil: the node is not in maintenance.
  private var progress: MaintenanceFile.Progress?
  /// The file says so.
  private var isRecorded = true
  /// How often what is the case has changed.
  private var changes = 0
  /// Instances that are to be stopped yet.
  private var left: ArraySlice<Instance> = []
  /// Instances that are being stopped, also those that an EVACUATE before a Restore has told.
  private var atWork: Set<Identifier> = []

  init(_ store: InstanceStore, instances: @escaping () -> [Instance]) {
    self.store = store
    self.instances = instances
  }

  var isOn: Bool { progress != nil }
  /// What the scheduler may be told: it follows `isOn` when that is written down, or cannot be.
  private(set) var isTold = false
  /// Instances are stopped until Restore comes.
  var isEvacuating: Bool { progress == .evacuating }

  /// Reads what an earlier run of launcher left. A file that cannot be read says at least that there is maintenance; of
  /// instances that are to be stopped it says nothing.
  func recover() {
    defer { isTold = isOn }
    do {
      progress = try MaintenanceFile.read(in: store.instances)?.progress
      if isOn { log.warning("this node is in maintenance since an earlier run: nothing is started until Restore") }
    } catch {
      progress = .evacuated
      isRecorded = false
      log.error(
        "\(store.instancesPath)/\(MaintenanceFile.name): \(error): this node is taken to be in maintenance; Restore ends it"
      )
    }
  }

  /// Goes on with an EVACUATE that was interrupted.
  func goOn() async {
    guard isEvacuating else { return }
    planToStopAll()
    await stopMore()
  }

  /// EVACUATE. Counts for every command behind it; `settle` is due.
  func begin() {
    if isEvacuating { return }
    if progress == .evacuated, isRecorded, !instances().contains(where: \.mayRun) {
      return log.info("EVACUATE: this node is in maintenance, and nothing runs")
    }
    log.info("this node is in maintenance from now on")
    planToStopAll()
    set(.evacuating)
  }

  /// Restore. Guests that were told to power down go on to do so; no more are told. Counts for every command behind it;
  /// `settle` is due.
  func end() {
    guard isOn else { return log.info("Restore: this node is not in maintenance") }
    left = []
    set(nil)
    log.info("this node is not in maintenance any more")
  }

  /// Returns when what is the case is written down, and goes on to stop instances where it is EVACUATE.
  func settle() async {
    await writeDown()
    isTold = isOn
    guard isEvacuating else { return }
    StopPoint.evacuationRecorded.reach()
    await stopMore()
  }

  private func set(_ progress: MaintenanceFile.Progress?) {
    self.progress = progress
    changes += 1
    isRecorded = false
  }

  /// Returns when what was the case is written down, unless that fails.
  private func writeDown() async {
    if !isRecorded { await store.lane.run { record() } }
  }

  /// Writes what is the case when it is the disk's turn: of many changes that wait for it, the last.
  private func record() {
    guard !isRecorded else { return }
    do {
      if let progress {
        try MaintenanceFile(progress).write(in: store.instances)
      } else {
        try MaintenanceFile.remove(from: store.instances)
      }
      isRecorded = true
    } catch {
      log.error("\(store.instancesPath): \(error): this state of maintenance does not outlive launcher-vmm")
    }
  }

  private func planToStopAll() {
    // What runs goes first: others may be waiting for an image, and have nothing to stop.
    let all = instances()
    left = (all.filter(\.isRunning) + all.filter { !$0.isRunning })[...]
    log.info("evacuating: \(left.count(where: \.isRunning)) instances run")
  }

  /// Stops the next instances, as many as may be at work, and says when the last one is done.
  private func stopMore() async {
    while atWork.count < Self.parallelStops, let next = left.popFirst() {
      guard atWork.insert(next.id).inserted else { continue }
      LoopActor.start { await self.stop(next) }
    }
    if isEvacuating && atWork.isEmpty { await finish() }
  }

  private func stop(_ instance: Instance) async {
    let isDone = await instance.evacuate()
    atWork.remove(instance.id)
    // A Restore came, and another EVACUATE behind it.
    if !isDone && isEvacuating { left.append(instance) }
    await stopMore()
  }

  private func finish() async {
    set(.evacuated)
    let end = changes
    await writeDown()
    // Else something else has been asked for meanwhile, and what runs may rightly run.
    guard changes == end else { return }
    StopPoint.evacuationEnded.reach()
    let running = instances().filter(\.isRunning)
    log.info("evacuated: \(running.count) instances run")
    for instance in running { log.error("\(instance.id): still runs after EVACUATE; STOP or EVACUATE tries again") }
  }
}
