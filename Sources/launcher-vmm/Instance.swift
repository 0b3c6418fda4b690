import AsyncLoop
import Channel
import Glibc
import Glog
import Instances
import Linux
import Spawning

/// One instance's life: its commands one after the other in order of arrival, whatever other instances do.
@LoopActor final class Instance {
  /// What is asked of an instance.
  enum Work {
    case start(InstanceSpec, GuestData)
    case stop
    case restart
    case delete

    var command: InstanceCommand {
      switch self {
      case .start: .start
      case .stop: .stop
      case .restart: .restart
      case .delete: .delete
      }
    }
  }

  let id: Identifier
  private let node: Node
  private var queue: [(Request, Work)] = []
  private var isWorking = false
  /// Opened when a DELETE waits: a STOP before it then does not wait for the guest.
  private let hurry = Gate()

  /// What its state file says; nil when there is none or it cannot be read.
  private var file: InstanceFile?
  /// Why the state file cannot be read, when there is a folder but no state.
  private var corruption: String?
  private var machine: Machine?
  /// What launcher-stats reads of the machine's process; nil while none runs.
  private var figures: ProcessFigures?
  /// What a START at work on it will have promised.
  private var reserved: Promise?
  /// A START or RESTART is at work on it, or a machine that an interrupted one started has not said who it is.
  private var isStarting = false
  /// What `recover` found of its machine, until `takeOver`.
  private var found: Machine.Found?

  init(_ id: Identifier, node: Node) {
    self.id = id
    self.node = node
  }

  /// It has a folder.
  var exists: Bool { file != nil || corruption != nil }
  var isRunning: Bool { machine != nil }
  /// A machine of its was found, or may turn out to be there.
  var mayHaveMachine: Bool { isRunning || found != nil }
  /// What it was promised; nil when it is neither there nor being made. Of a corrupt one nothing is known.
  var promise: Promise? {
    if let file { return Promise(file.spec.resources, file.image) }
    return corruption != nil ? Promise(memoryMB: 0, diskMB: 0) : reserved
  }
  /// Where it belongs in its tenant's network; nil when it is not there, or belongs nowhere.
  var tenantSubnet: TenantSubnet? { file.flatMap { TenantSubnet(of: $0.spec) } }
  /// Its START has not come to a machine that answered.
  var hasNeverRun: Bool { file != nil && file?.run == nil }
  /// Nothing of it is left to know.
  private var isForgettable: Bool { !exists && queue.isEmpty && !isWorking }

  /// For launcher-stats; nil while there is nothing to report of it.
  var record: InstanceRecord? {
    guard exists else { return nil }
    let state: InstanceState = isStarting ? .pending : isRunning ? .active : .exited
    let ssh = file?.spec.sshAddress
    return InstanceRecord(
      instance: id, state: state, vcpus: file?.spec.resources.vcpus ?? Resources.defaultVCPUs, sshIP: ssh?.ip,
      sshPort: ssh?.port ?? 0)
  }

  /// For launcher-stats, beside the record.
  var files: InstanceFiles {
    var files = InstanceFiles(memory: figures?.memory, time: figures?.time)
    if file != nil {
      do {
        files.disk = try Descriptor.name(InstanceDisk.name, in: node.store.folder(of: id).handle)
      } catch {
        log.error("\(id): \(error): its disk usage is reported as -1")
      }
    }
    return files
  }

  // MARK: start-up

  /// Reads an instance that an earlier run of launcher left, and looks for its machine. The instance takes commands
  /// from then on, and works on them when `takeOver` is done.
  func recover() {
    do {
      file = try node.store.readState(of: id)
    } catch {
      corruption = "\(error)"
      log.error("\(id): \(error): left alone; RESTART is refused, DELETE works")
    }
    guard let folder = try? node.store.folder(of: id) else { return }
    guard let found = Machine.find(id, in: folder, recorded: file?.run) else { return }
    if let machine = found.machine { watch(machine) }
    isStarting = found.machine == nil
    isWorking = true
    self.found = found
  }

  /// Manages the machine again that `recover` found.
  func takeOver() async {
    guard let found else { return }
    self.found = nil
    let machine = await Machine.takeOver(found)
    isStarting = false
    if let machine {
      limit(machine.pid)
      await use(machine)
      if file?.run != machine.run { recordRun(of: machine, in: found.folder) }
      log.info("\(id): runs in process \(machine.pid); managed again")
    }
    node.announce(self)
    LoopActor.start { await self.workOff() }
  }

  // MARK: commands

  func enqueue(_ request: Request, _ work: Work) {
    queue.append((request, work))
    if case .delete = work { hurry.open() }
    guard !isWorking else { return }
    isWorking = true
    LoopActor.start { await self.workOff() }
  }

  private var deleteWaits: Bool {
    queue.contains { if case .delete = $0.1 { true } else { false } }
  }

  private func workOff() async {
    while !queue.isEmpty {
      let (request, work) = queue.removeFirst()
      let failure = await perform(request, work)
      if let failure {
        log.error("\(id): \(work.command.name) failed with \(failure.reason.name): \(failure.cause)")
        node.reports.add(.failure(work.command, id, failure.reason), of: request)
      }
      if failure.map(\.changedCensus) ?? work.changesCensus { node.announceCensus() }
      node.announceCompleted(request)
    }
    isWorking = false
    if isForgettable { node.forget(self) }
  }

  private struct Failure {
    var reason: FailureReason
    var cause: String
    /// Instances were made or removed in spite of it.
    var changedCensus = false
  }

  private func perform(_ request: Request, _ work: Work) async -> Failure? {
    switch work {
    case .start(let spec, let guestData): await start(request, spec, guestData)
    case .stop: await stop(request)
    case .restart: await restart(request)
    case .delete: await delete(request)
    }
  }

  private func start(_ request: Request, _ spec: InstanceSpec, _ guestData: GuestData) async -> Failure? {
    if let file, request.isRepeated, file.request == request.number { return await resumeStart() }
    guard !exists else {
      return isRunning
        ? Failure(reason: .alreadyRunning, cause: "it runs") : Failure(reason: .instanceExists, cause: "it exists")
    }
    guard spec.kind == .qemu else {
      return Failure(reason: .launchFailure, cause: "vm_type docker: containers are not supported by this node")
    }
    guard spec.firmware == .legacy || node.firmware != nil else {
      return Failure(
        reason: .launchFailure,
        cause: "fw_type efi: no EFI firmware is installed; install ovmf, or name its file with -ovmf")
    }
    do {
      let image = try BackingImage(spec.image!, in: node.store.images, at: node.store.imagesPath)
      let promise = Promise(spec.resources, image)
      if let limit = node.limitExceeded(by: promise) {
        return Failure(reason: .fullComputeNode, cause: limit)
      }
      reserved = promise
      defer { reserved = nil }
      let attachment: Attachment?
      (file, attachment) = try await Creation(
        node: node, request: request, spec: spec, image: image, guestData: guestData
      ).run()
      StopPoint.created.reach()
      node.tellOfArrival(of: self)
      log.info("\(id): created from image \(image.name)")
      return await boot(attachment, changedCensus: true)
    } catch {
      return Failure(reason: error is TenantNetworks.Failure ? .networkFailure : .imageFailure, cause: "\(error)")
    }
  }

  /// Goes on with a START that made the instance before launcher-vmm was interrupted.
  private func resumeStart() async -> Failure? {
    if !hasNeverRun { node.tellOfArrival(of: self, again: true) }
    guard hasNeverRun, !isRunning else { return nil }
    let failure = await boot(changedCensus: true)
    guard failure?.reason == .networkFailure else { return failure }
    do { try await remove() } catch { log.error("\(id): remove it again: \(error)") }
    return failure
  }

  /// Starts the machine of an instance that exists and does not run.
  /// `attachment` nil: what it needs of a network is attached, again.
  private func boot(_ attachment: Attachment? = nil, changedCensus: Bool) async -> Failure? {
    guard let file else { return Failure(reason: .instanceCorrupt, cause: corruption ?? "no state") }
    isStarting = true
    node.announce(self)
    defer {
      isStarting = false
      node.announce(self)
    }
    do {
      let folder = try node.store.folder(of: id)
      let isEFI = file.spec.firmware == .efi
      if isEFI && node.firmware == nil {
        throw Machine.Failure(
          description: "fw_type efi: no EFI firmware is installed; install ovmf, or name its file with -ovmf")
      }
      // Missing when the START found firmware in one file.
      if isEFI { try node.firmware?.ensureVariables(in: folder.handle) }
      let started = Moment.now
      let link = if let attachment { attachment } else { try await node.networks?.attach(file.spec) }
      StopPoint.networkAttached.reach()
      let machine = try await Machine.start(
        .machine(file.spec, file.image.stack, tapMTU: link?.mtu), of: id, in: folder, tap: link?.tap,
        spawner: node.spawner, null: node.null, onProcess: limit)
      StopPoint.machineAnswered.reach()
      await use(machine)
      recordRun(of: machine, in: folder)
      StopPoint.runRecorded.reach()
      log.info("\(id): runs in process \(machine.pid), \(Int(started.age * 1000)) ms after its start")
      return nil
    } catch {
      node.groups?.remove(id)
      return Failure(
        reason: error is TenantNetworks.Failure ? .networkFailure : .launchFailure, cause: "\(error)",
        changedCensus: changedCensus)
    }
  }

  /// Gives the machine's process its share of the node. Of a machine whose state cannot be read it is not known.
  private func limit(_ pid: pid_t) {
    if let file { node.groups?.place(pid, of: id, MachineLimits(file.spec.resources)) }
  }

  private func watch(_ machine: Machine) {
    guard !machine.hasEnded else { return }
    self.machine = machine
    machine.onEnd = { [weak self] in
      guard let self else { return }
      self.machine = nil
      self.figures = nil
      self.node.groups?.remove(self.id)
      log.info("\(self.id): its machine has ended")
      self.node.announce(self)
    }
  }

  private func use(_ machine: Machine) async {
    watch(machine)
    guard isRunning else { return }
    do {
      let opened = try await node.observer.figures(of: machine.pid)
      // Its number cannot have passed to another process while its end is not seen.
      if self.machine === machine { figures = opened }
    } catch {
      if self.machine === machine { log.error("\(id): \(error): its memory and CPU usage are reported as -1") }
    }
  }

  private func recordRun(of machine: Machine, in folder: InstanceStore.Folder) {
    guard file != nil else { return }
    file?.run = machine.run
    do {
      if let file { try node.store.writeState(file, in: folder) }
    } catch {
      log.error("\(id): record its process: \(error); its QMP socket will have to do after a restart")
    }
  }

  private func stop(_ request: Request) async -> Failure? {
    guard exists else { return Failure(reason: .noInstance, cause: "no such instance") }
    guard let machine else {
      return request.isRepeated ? nil : Failure(reason: .alreadyStopped, cause: "it does not run")
    }
    let grace = deleteWaits ? 0 : node.stopGrace
    while !(await machine.stop(grace: grace, hurry: hurry, isHurried: { deleteWaits })) {
      log.error("\(id): its QEMU does not end; trying again")
    }
    StopPoint.machineEnded.reach()
    return nil
  }

  /// Powers the guest down as STOP does.
  func powerDown() async {
    guard let machine, !(await machine.stop(grace: node.stopGrace, hurry: hurry, isHurried: { deleteWaits })) else {
      return
    }
    log.error("\(id): its QEMU does not end")
  }

  private func restart(_ request: Request) async -> Failure? {
    guard exists else { return Failure(reason: .noInstance, cause: "no such instance") }
    if isRunning { return request.isRepeated ? nil : Failure(reason: .alreadyRunning, cause: "it runs") }
    return await boot(changedCensus: false)
  }

  private func delete(_ request: Request) async -> Failure? {
    guard exists else {
      guard request.isRepeated else { return Failure(reason: .noInstance, cause: "no such instance") }
      node.reports.add(.deleted(id), of: request)
      return nil
    }
    if let machine {
      while !(await machine.pullPlug()) { log.error("\(id): its QEMU does not end; trying again") }
      StopPoint.machineEnded.reach()
    }
    do {
      try await remove()
    } catch {
      return Failure(reason: .invalidData, cause: "remove its folder: \(error)")
    }
    node.reports.add(.deleted(id), of: request)
    StopPoint.reported.reach()
    log.info("\(id): deleted")
    return nil
  }

  /// Removes an instance that does not run. Its subnet is told of before its files go: a DELETE that is interrupted
  /// in between is known by them.
  private func remove() async throws(SystemError) {
    await node.networks?.detach(id)
    StopPoint.networkDetached.reach()
    try node.store.remove(id) {
      let subnet = tenantSubnet
      file = nil
      corruption = nil
      node.tellOfDeparture(from: subnet)
    }
    StopPoint.filesRemoved.reach()
    node.announceRemoval(of: id)
  }
}

extension Instance.Work {
  /// A success makes or removes an instance.
  fileprivate var changesCensus: Bool {
    switch self {
    case .start, .delete: true
    case .stop, .restart: false
    }
  }
}
