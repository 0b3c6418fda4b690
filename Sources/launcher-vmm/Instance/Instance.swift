import AsyncLoop
import Channel
import Glog
import Instances
import Linux
import Spawning

/// One instance's life: its commands one after the other in order of arrival, whatever other instances do.
///
/// Here is what it knows of itself and whose turn it is; each command has an extension of its own.
@LoopActor final class Instance {
  let id: Identifier
  let node: Node
  private var queue: [(Request, Work)] = []
  var isWorking = false
  /// Opened when a DELETE waits: a STOP before it then does not wait for the guest.
  let hurry = Gate()
  /// Waits for its machine or container to have been stopped, because the node is evacuated.
  var evacuation: CheckedContinuation<Bool, Never>?

  /// What its state file says; nil when there is none or it cannot be read.
  var file: InstanceFile? { didSet { recount() } }
  /// Why the state file cannot be read, when there is a folder but no state.
  var corruption: String? { didSet { recount() } }
  var runner: (any Runner)? { didSet { recount() } }
  /// What launcher-stats reads of what runs; nil while nothing does.
  var figures: ProcessFigures?
  /// What a START at work on it will have promised.
  var reserved: Promise? { didSet { recount() } }
  /// The volumes that a START or AttachVolume at work on it will give it.
  var reservedVolumes = VolumeList()
  /// What the node counts of it.
  private var share = Census.Share()
  /// A START or RESTART is at work on it, or what an interrupted one started has not said who it is.
  var isStarting = false
  /// What `recover` found of its machine or container, until `takeOver`.
  private var remains: (any Remains)?
  /// Something may have happened to its container, and nobody has looked yet.
  var isToBeLookedAt = false
  /// Its machine's monitor answers again, and nobody has asked yet what volumes it has.
  var areVolumesToBeCompared = false
  /// Who waits for the removal of a container that is left of it.
  var removals: [CheckedContinuation<Void, Never>] = []

  init(_ id: Identifier, node: Node) {
    self.id = id
    self.node = node
  }

  /// It has a folder.
  var exists: Bool { file != nil || corruption != nil }
  var isRunning: Bool { runner != nil }
  var isContainer: Bool { file?.spec.kind == .docker }
  /// Something runs, or is about to.
  var mayRun: Bool { isRunning || isWorking }
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

  func wake() {
    guard !isWorking else { return }
    isWorking = true
    LoopActor.start { await self.workOff() }
  }

  var deleteWaits: Bool {
    queue.contains { if case .delete = $0.1 { true } else { false } }
  }

  private func workOff() async {
    while true {
      if isToBeLookedAt {
        isToBeLookedAt = false
        await lookNow()
      } else if areVolumesToBeCompared {
        areVolumesToBeCompared = false
        await compareVolumes()
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
}
