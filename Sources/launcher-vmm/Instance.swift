import AsyncLoop
import Channel
import Glibc
import Glog
import Instances
import Linux
import Spawning

/// One instance's life: its commands one after the other in order of arrival, whatever other instances do.
@LoopActor final class Instance {
  /// How often the removal of a machine's control group is tried, and the seconds between.
  private static let groupRemovals = 30
  private static let groupRemovalDelay = 1.0

  /// What is asked of an instance.
  enum Work {
    /// `isRestart`: or start it as RESTART does, if it is there.
    case start(InstanceSpec, GuestData, isRestart: Bool)
    case stop
    case restart
    case delete
    /// DELETE with `stop: true`.
    case withdraw
    case attachVolume(Identifier)
    case detachVolume(Identifier)

    var command: InstanceCommand {
      switch self {
      case .start: .start
      case .stop: .stop
      case .restart: .restart
      case .delete, .withdraw: .delete
      case .attachVolume: .attachVolume
      case .detachVolume: .detachVolume
      }
    }
  }

  let id: Identifier
  let node: Node
  private var queue: [(Request, Work)] = []
  private var isWorking = false
  /// Opened when a DELETE waits: a STOP before it then does not wait for the guest.
  private let hurry = Gate()
  /// Waits for its machine or container to have been stopped, because the node is evacuated.
  private var evacuation: CheckedContinuation<Bool, Never>?

  /// What its state file says; nil when there is none or it cannot be read.
  private(set) var file: InstanceFile? { didSet { recount() } }
  /// Why the state file cannot be read, when there is a folder but no state.
  private(set) var corruption: String? { didSet { recount() } }
  private(set) var runner: (any Runner)? { didSet { recount() } }
  /// What launcher-stats reads of what runs; nil while nothing does.
  private var figures: ProcessFigures?
  /// What a START at work on it will have promised, and the volumes it will have.
  private var reserved: Promise? { didSet { recount() } }
  private var reservedVolumes = VolumeList()
  /// What the node counts of it.
  private var share = Census.Share()
  /// A START or RESTART is at work on it, or what an interrupted one started has not said who it is.
  private var isStarting = false
  /// What `recover` found of its machine or container, until `takeOver`.
  private var remains: (any Remains)?
  /// Something may have happened to its container, and nobody has looked yet.
  private var isToBeLookedAt = false
  /// Who waits for the removal of a container that is left of it.
  private var removals: [CheckedContinuation<Void, Never>] = []

  init(_ id: Identifier, node: Node) {
    self.id = id
    self.node = node
  }

  /// It has a folder.
  var exists: Bool { file != nil || corruption != nil }
  var isRunning: Bool { runner != nil }
  var isContainer: Bool { file?.spec.kind == .docker }
  /// A machine of its was found, or may turn out to be there.
  var mayHaveMachine: Bool { isRunning || remains != nil }
  /// What it was promised; nil when it is neither there nor being made. Of a corrupt one nothing is known.
  var promise: Promise? {
    if let file { return Promise(file.spec, file.image) }
    return corruption != nil ? Promise(memoryMB: 0, diskMB: 0) : reserved
  }
  /// Where it belongs in its tenant's network; nil when it is not there, or belongs nowhere.
  var tenantSubnet: TenantSubnet? { file.flatMap { TenantSubnet(of: $0.spec) } }
  /// A volume is attached to it, or will be.
  func has(_ volume: Identifier) -> Bool { file?.spec.volumes[volume] != nil || reservedVolumes[volume] != nil }
  /// Its START has not come to a machine that answered.
  var hasNeverRun: Bool { file != nil && file?.run == nil }
  /// Tells the node what has changed of what it counts: with thousands of instances it cannot count anew each time.
  private func recount() {
    let new = Census.Share(exists: exists, isRunning: isRunning, promise: promise, subnet: tenantSubnet)
    guard new != share else { return }
    node.census.change(from: share, to: new)
    share = new
  }
  /// Nothing of it is left to know.
  private var isForgettable: Bool { !exists && queue.isEmpty && !isWorking }

  /// For launcher-stats; nil while there is nothing to report of it.
  var record: InstanceRecord? {
    guard exists else { return nil }
    let state: InstanceState = isStarting ? .pending : isRunning ? .active : .exited
    let ssh = file?.spec.sshAddress
    var record = InstanceRecord(
      instance: id, kind: file?.spec.kind ?? .qemu, state: state,
      vcpus: file?.spec.resources.vcpus ?? Resources.defaultVCPUs, diskMB: node.containers?.diskMB(of: id),
      sshIP: ssh?.ip, sshPort: ssh?.port ?? 0, volumes: file?.spec.volumes.all.map(\.id) ?? [])
    if node.isSimulation, let file { record.makeUpFigures(file.spec) }
    return record
  }

  /// For launcher-stats, beside the record.
  var files: InstanceFiles {
    var files = InstanceFiles(memory: figures?.memory, time: figures?.time)
    if let file, file.spec.kind == .qemu, file.image != nil, !node.isSimulation {
      do {
        files.disk = try Descriptor.name(InstanceDisk.name, in: node.store.folder(of: id).handle)
      } catch {
        log.error("\(id): \(error): its disk usage is reported as -1")
      }
    }
    return files
  }

  // MARK: start-up

  /// Reads an instance that an earlier run of launcher left, and looks for what runs it. The instance takes commands
  /// from then on, and works on them when `takeOver` is done.
  func recover() {
    do {
      file = try node.store.readState(of: id)
    } catch {
      corruption = "\(error)"
      log.error("\(id): \(error): left alone; RESTART is refused, DELETE works")
    }
    guard let folder = try? node.store.folder(of: id) else { return }
    let backend = node.backend(of: file?.spec.kind ?? .qemu)
    guard let remains = backend?.find(id, file, in: folder) else { return }
    if let runner = remains.runner { watch(runner) }
    isStarting = remains.runner == nil
    isWorking = true
    self.remains = remains
  }

  /// Manages again what `recover` found.
  func takeOver() async {
    guard let remains else { return }
    self.remains = nil
    let runner = await remains.takeOver()
    isStarting = false
    if let runner {
      await use(runner)
      await compareVolumes()
      log.info("\(id): runs in \(runner.name); managed again")
    }
    node.announce(self)
    LoopActor.start { await self.workOff() }
  }

  // MARK: commands

  func enqueue(_ request: Request, _ work: Work) {
    queue.append((request, work))
    if case .delete = work { hurry.open() }
    wake()
  }

  private func wake() {
    guard !isWorking else { return }
    isWorking = true
    LoopActor.start { await self.workOff() }
  }

  private var deleteWaits: Bool {
    queue.contains { if case .delete = $0.1 { true } else { false } }
  }

  private func workOff() async {
    while true {
      if isToBeLookedAt {
        isToBeLookedAt = false
        await lookNow()
      } else if !removals.isEmpty {
        let removal = removals.removeFirst()
        await removeLeft()
        removal.resume()
      } else if !queue.isEmpty {
        let (request, work) = queue.removeFirst()
        await carryOut(request, work)
      } else if let waiting = evacuation {
        evacuation = nil
        waiting.resume(returning: await leave())
      } else {
        break
      }
    }
    isWorking = false
    if isForgettable { node.forget(self) }
  }

  private func carryOut(_ request: Request, _ work: Work) async {
    let failure = await perform(request, work)
    if let failure {
      log.error("\(id): \(work.command.name) failed with \(failure.reason.name): \(failure.cause)")
      node.reports.add(work.failure(of: id, failure.reason), of: request)
    }
    if failure.map(\.changedCensus) ?? work.changesCensus { node.announceCensus() }
    node.announceCompleted(request)
  }

  struct Failure: Error {
    var reason: FailureReason
    var cause: String
    /// Instances were made or removed in spite of it.
    var changedCensus = false
  }

  private func perform(_ request: Request, _ work: Work) async -> Failure? {
    switch work {
    case .start(let spec, let guestData, let isRestart): await start(request, spec, guestData, isRestart: isRestart)
    case .stop: await stop(request)
    case .restart: await restart(request)
    case .delete: await delete(request)
    case .withdraw: await withdraw(request)
    case .attachVolume(let volume): await attach(request, volume)
    case .detachVolume(let volume): await detach(request, volume)
    }
  }

  private func start(_ request: Request, _ spec: InstanceSpec, _ guestData: GuestData, isRestart: Bool) async
    -> Failure?
  {
    if let file, request.isRepeated, file.request == request.number { return await resumeStart() }
    if exists && isRestart { return await startAgain(request) }
    guard !exists else {
      return isRunning
        ? Failure(reason: .alreadyRunning, cause: "it runs") : Failure(reason: .instanceExists, cause: "it exists")
    }
    if node.maintenance.isOn { return Failure(reason: .fullComputeNode, cause: Maintenance.cause) }
    guard let backend = node.backend(of: spec.kind) else {
      return Failure(reason: .launchFailure, cause: "vm_type \(spec.kind.name): \(Node.containersAreOff)")
    }
    if let obstacle = backend.obstacle(to: spec) ?? heldElsewhere(spec.volumes) {
      return Failure(reason: .launchFailure, cause: obstacle)
    }
    do {
      let image = try backend.backingImage(of: spec)
      let promise = Promise(spec, image)
      if let limit = node.limitExceeded(by: promise) {
        return Failure(reason: .fullComputeNode, cause: limit)
      }
      reserved = promise
      reservedVolumes = spec.volumes
      defer {
        reserved = nil
        reservedVolumes = VolumeList()
      }
      let place: NetworkPlace?
      (file, place) = try await Creation(
        node: node, backend: backend, file: InstanceFile(spec: spec, image: image, request: request.number),
        guestData: guestData
      ).run()
      StopPoint.created.reach()
      node.tellOfArrival(of: self)
      log.info("\(id): created from image \(spec.image?.text ?? spec.container?.image.text ?? "of a volume")")
      return await bootNew(place)
    } catch {
      return Failure(reason: Self.reason(of: error, else: .imageFailure), cause: "\(error)")
    }
  }

  private static func reason(of error: any Error, else reason: FailureReason) -> FailureReason {
    switch error {
    case is TenantNetworks.Failure: .networkFailure
    case is Unlaunchable: .launchFailure
    default: reason
    }
  }

  /// Goes on with a START that made the instance before launcher-vmm was interrupted.
  private func resumeStart() async -> Failure? {
    if !hasNeverRun { node.tellOfArrival(of: self, again: true) }
    guard hasNeverRun, !isRunning else { return nil }
    guard !node.maintenance.isOn else {
      return Failure(reason: .launchFailure, cause: Maintenance.cause, changedCensus: true)
    }
    return await bootNew(nil)
  }

  /// A START with `restart: true` of an instance that is here: it goes on as it was made, whatever the payload says of
  /// its image and resources. Its failures are START's.
  private func startAgain(_ request: Request) async -> Failure? {
    var failure = await restart(request)
    if failure?.reason == .instanceCorrupt { failure?.reason = .instanceExists }
    if failure?.reason == .launchFailure && node.maintenance.isOn { failure?.reason = .fullComputeNode }
    return failure
  }

  /// Starts an instance that a START has made; of one without its place in its network nothing is left.
  private func bootNew(_ place: NetworkPlace?) async -> Failure? {
    let failure = await boot(place, changedCensus: true)
    guard failure?.reason == .networkFailure else { return failure }
    do { try await remove() } catch { log.error("\(id): remove it again: \(error)") }
    return failure
  }

  /// Starts an instance that exists and does not run.
  /// `place` nil: what it needs of a network is attached, again.
  private func boot(_ place: NetworkPlace? = nil, changedCensus: Bool) async -> Failure? {
    guard let file else { return Failure(reason: .instanceCorrupt, cause: corruption ?? "no state") }
    guard let backend = node.backend(of: file.spec.kind) else {
      return Failure(
        reason: .launchFailure, cause: "vm_type \(file.spec.kind.name): \(Node.containersAreOff)",
        changedCensus: changedCensus)
    }
    isStarting = true
    node.announce(self)
    defer {
      isStarting = false
      node.announce(self)
    }
    do {
      let started = Moment.now
      let runner = try await backend.start(file, in: node.store.folder(of: id), place)
      await use(runner)
      StopPoint.runRecorded.reach()
      log.info("\(id): runs in \(runner.name), \(Int(started.age * 1000)) ms after its start")
      return nil
    } catch {
      removeGroup()
      return Failure(
        reason: Self.reason(of: error, else: .launchFailure), cause: "\(error)", changedCensus: changedCensus)
    }
  }

  /// Removes the control group of a machine that has ended.
  private func removeGroup(attempt: Int = 1) {
    guard let groups = node.groups, !groups.remove(id) else { return }
    guard attempt < Self.groupRemovals else {
      return log.warning("\(id): the kernel keeps its machine's control group; it goes at the next start")
    }
    LoopActor.loop.schedule(at: .after(seconds: Self.groupRemovalDelay)) {
      // Else it is the next machine's.
      if !self.isRunning && !self.isStarting { self.removeGroup(attempt: attempt + 1) }
    }
  }

  private func watch(_ runner: any Runner) {
    guard !runner.hasEnded else { return }
    self.runner = runner
    runner.onEnd = { [weak self] in
      guard let self else { return }
      self.runner = nil
      self.figures = nil
      self.removeGroup()
      log.info("\(self.id): \(self.isContainer ? "its container" : "its machine") has ended")
      self.node.announce(self)
    }
  }

  /// Watches, measures and records what runs.
  private func use(_ runner: any Runner) async {
    watch(runner)
    if isRunning { await measure(runner) }
    if file?.run != runner.run { await record(runner) }
  }

  private func measure(_ runner: any Runner) async {
    guard let target = runner.observed, let observer = node.observer else { return }
    do {
      let opened = try await observer.figures(of: target)
      // Its number cannot have passed to another process while its end is not seen.
      if self.runner === runner { figures = opened }
    } catch {
      if self.runner === runner { log.error("\(id): \(error): its memory and CPU usage are reported as -1") }
    }
  }

  private func record(_ runner: any Runner) async {
    guard file != nil else { return }
    file?.run = runner.run
    do {
      let store = node.store
      if let file { try await store.lane.run { try store.writeState(file, in: store.folder(of: id)) } }
    } catch {
      log.error("\(id): record what runs it: \(error); after a restart it has to be found without")
    }
  }

  /// Writes what volumes it has from now on.
  func keep(_ volumes: VolumeList) throws {
    guard var changed = file else { return }
    changed.spec.volumes = volumes
    guard changed.spec.isComplete else { throw UnusableVolumes() }
    try node.store.writeState(changed, in: node.store.folder(of: id))
    file = changed
    node.announce(self)
  }

  // MARK: what happens without a command

  /// Something may have happened to its container.
  func lookAgain() {
    isToBeLookedAt = true
    wake()
  }

  /// Removes a container that an interrupted command left, when it is its turn: a START that came before has an instance
  /// then, whose container it is.
  func removeLeftContainer() async {
    await withCheckedContinuation {
      removals.append($0)
      wake()
    }
  }

  private func removeLeft() async {
    guard !exists else { return }
    log.info("\(id): removing its container, left by an interrupted command")
    do {
      try await node.containers?.discard(id)
    } catch {
      log.error("\(id): remove its container: \(error); tried again when launcher-vmm connects to the engine anew")
    }
  }

  private func lookNow() async {
    guard let file, isContainer, let backend = node.backend(of: file.spec.kind) else { return }
    do {
      let present = try await backend.look(for: id)
      if let runner, runner.run == present?.run, runner.observed == present?.observed { return }
      runner?.noticeEnd()
      guard let present else { return }
      await use(present)
      log.info("\(id): runs in \(present.name)")
      node.announce(self)
    } catch {
      log.warning("\(id): \(error); whether it runs is asked again when the container engine answers")
    }
  }

  private func stop(_ request: Request) async -> Failure? {
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

  private func leave() async -> Bool {
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

  private func restart(_ request: Request) async -> Failure? {
    guard exists else { return Failure(reason: .noInstance, cause: "no such instance") }
    if isRunning { return request.isRepeated ? nil : Failure(reason: .alreadyRunning, cause: "it runs") }
    if node.maintenance.isOn { return Failure(reason: .launchFailure, cause: Maintenance.cause) }
    return await boot(changedCensus: false)
  }

  private func delete(_ request: Request) async -> Failure? {
    await remove(request, reporting: .deleted(id)) { try await $0.end() }
  }

  /// Removes it when its guest has had the time to power down.
  private func withdraw(_ request: Request) async -> Failure? {
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
  private func remove() async throws {
    try await discard()
    await node.networks?.detach(id)
    // Of a corrupt one nobody knows whether it was one.
    if file?.spec.kind != .qemu { await node.containers?.removeUnusedNetworks() }
    StopPoint.networkDetached.reach()
    try removeFolder {
      let subnet = tenantSubnet
      file = nil
      corruption = nil
      node.tellOfDeparture(from: subnet)
    }
    StopPoint.filesRemoved.reach()
    node.announceRemoval(of: id)
  }

  private func removeFolder(_ onNameTaken: () -> Void) throws {
    do {
      try node.store.remove(id, between: onNameTaken)
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

extension Instance.Work {
  /// A success makes or removes an instance.
  fileprivate var changesCensus: Bool {
    switch self {
    // One that was made for the instance was promised disk.
    case .start, .delete, .withdraw, .detachVolume: true
    case .stop, .restart, .attachVolume: false
    }
  }

  fileprivate func failure(of id: Identifier, _ reason: FailureReason) -> Report {
    switch self {
    case .start(_, _, isRestart: true): .restartingFailure(id, reason)
    case .attachVolume(let volume), .detachVolume(let volume): .volumeFailure(command, id, volume: volume, reason)
    default: .failure(command, id, reason)
    }
  }
}
