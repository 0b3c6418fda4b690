import AsyncLoop
import Channel
import Glibc
import Glog
import Instances
import Linux
import Settings
import Spawning

/// Virtual machines: an overlay, a config drive, QEMU.
@LoopActor final class Machines: Backend {
  private let store: InstanceStore
  private let tools: ToolRunner<SpawnTask>
  private let spawner: SpawnerClient<SpawnTask>
  private let null: Descriptor
  private let firmware: FirmwareFiles?
  /// nil: machines have no limits.
  private let groups: MachineGroups?
  /// How people come to machines.
  private let console: ConsoleKind
  /// Where their windows appear; nil: they have none.
  private let display: Display?
  /// nil: there are none.
  private let volumes: (any VolumeStore)?
  /// nil: machines have user-mode networking.
  private let networks: TenantNetworks?

  init(
    store: InstanceStore, spawner: SpawnerClient<SpawnTask>, null: Descriptor, firmware: FirmwareFiles?,
    groups: MachineGroups?, networks: TenantNetworks?, volumes: (any VolumeStore)?, console: ConsoleKind,
    display: Display?, toolDeadline: Double
  ) {
    self.store = store
    self.spawner = spawner
    self.null = null
    self.firmware = firmware
    self.groups = groups
    self.networks = networks
    self.volumes = volumes
    self.console = console
    self.display = display
    tools = ToolRunner(spawner: spawner, null: null, deadline: toolDeadline)
  }

  func obstacle(to spec: InstanceSpec) -> String? {
    if spec.firmware == .efi && firmware == nil {
      return "fw_type efi: no EFI firmware is installed; install ovmf, or name its file with -ovmf"
    }
    do {
      // An ephemeral one may be there, or be made.
      for volume in spec.volumes.all where volume.ephemeralSize == nil { _ = try open(volume.id) }
      return spec.volumes.isEmpty || volumes != nil ? nil : Node.volumesAreOff
    } catch {
      return "\(error)"
    }
  }

  private func open(_ volume: Identifier) throws -> OpenVolume {
    guard let volumes else { throw Unlaunchable(description: Node.volumesAreOff) }
    guard let found = try volumes.open(volume) else { throw UnusableVolume(volume, "there is none of this name") }
    return found
  }

  /// An ephemeral volume that was there already when its instance was made, and has no file there.
  private func openShared(_ volume: Identifier) throws -> OpenVolume {
    // A store that cannot see had none: what would be opened is another volume.
    guard try volumes?.has(volume) == true else { throw UnusableVolume(volume, "its file is gone") }
    return try open(volume)
  }

  /// The volumes of an instance whose folder is in place, in their order.
  private func openAll(_ list: VolumeList, in folder: InstanceStore.Folder) throws -> [OpenVolume] {
    do {
      return try list.all.map { volume in
        if volume.ephemeralSize != nil, let own = try FileVolumes.openOwn(volume.id, in: folder) { return own }
        return try volume.ephemeralSize == nil ? open(volume.id) : openShared(volume.id)
      }
    } catch {
      throw Unlaunchable(description: "\(error)")
    }
  }

  /// Those that are to be made for an instance: where there are none of their names.
  private func missing(_ list: VolumeList) throws -> [(volume: Identifier, gibibytes: Int)] {
    do {
      return try list.all.compactMap { volume in
        guard let size = volume.ephemeralSize, try volumes?.has(volume.id) != true else { return nil }
        return (volume.id, size)
      }
    } catch {
      throw Unlaunchable(description: "\(error)")
    }
  }

  func backingImage(of spec: InstanceSpec) throws -> BackingImage? {
    try spec.image.map { try BackingImage($0, in: store.images, at: store.imagesPath) }
  }

  /// Disks and network side by side.
  func furnish(_ file: InstanceFile, in folder: InstanceStore.Folder, _ guestData: GuestData) async throws
    -> NetworkPlace?
  {
    let spec = file.spec
    let made = try missing(spec.volumes)
    let id = spec.instance
    try await store.lane.run { try layOutDrives(of: id, in: folder, guestData) }
    StopPoint.configDriveLaidOut.reach()
    let (tools, networks) = (tools, networks)
    var jobs: [@LoopActor () async throws -> Void] = [{ try await tools.run(.configDrive(id)) }]
    if let image = file.image {
      jobs.append { try await tools.run(image.overlay(for: id, diskMB: spec.resources.diskMB)) }
    }
    for (volume, gibibytes) in made {
      jobs.append { try await tools.run(.ephemeralVolume(id, volume, gibibytes: gibibytes)) }
    }
    if guestData.scheduler != nil { jobs.append { try await tools.run(.schedulerDrive(id)) } }
    var attachment: Attachment?
    if let networks { jobs.append { attachment = try await networks.attach(spec) } }
    try await together(jobs)
    StopPoint.toolsEnded.reach()
    try await store.lane.run {
      try ConfigDrive.cleanUp(in: folder)
      try SchedulerDrive.cleanUp(in: folder)
      if spec.firmware == .efi { try firmware?.ensureVariables(in: folder.handle) }
    }
    let files =
      (file.image == nil ? [] : [InstanceDisk.name]) + [ConfigDrive.name]
      + (guestData.scheduler == nil ? [] : [SchedulerDrive.name]) + made.map { EphemeralVolume.name($0.volume) }
    for name in files { try await store.lane.run { try Files.sync(name, in: folder.handle) } }
    return attachment.map { .tap($0) }
  }

  private func layOutDrives(of id: Identifier, in folder: InstanceStore.Folder, _ guestData: GuestData) throws {
    let limit = NetToVMM.maximumGuestData
    try ConfigDrive.layOut(
      in: folder, userData: SealedMemory.read(guestData.userData, limit: limit),
      metaData: guestData.metaData.map { try SealedMemory.read($0, limit: limit) }
        ?? ConfigDrive.defaultMetaData(for: id))
    if let scheduler = guestData.scheduler { try SchedulerDrive.layOut(in: folder, scheduler) }
  }

  func start(_ file: InstanceFile, in folder: InstanceStore.Folder, _ place: NetworkPlace?) async throws
    -> any Runner
  {
    if let obstacle = obstacle(to: file.spec) { throw Unlaunchable(description: obstacle) }
    // Missing when the START found firmware in one file.
    if file.spec.firmware == .efi { try firmware?.ensureVariables(in: folder.handle) }
    let link = if case .tap(let attachment) = place { attachment } else { try await networks?.attach(file.spec) }
    StopPoint.networkAttached.reach()
    let opened = try openAll(file.spec.volumes, in: folder)
    let machine = try await Machine.start(
      .machine(file.spec, file.image?.stack, tapMTU: link?.mtu, volumes: opened.map(\.backing.source)),
      of: file.spec.instance, in: folder, tap: link?.tap, volumes: opened.compactMap(\.descriptor), spawner: spawner,
      input: try display.map(connection) ?? null, onProcess: { groups?.place($0, of: file) })
    machine.offer(console)
    StopPoint.machineAnswered.reach()
    return machine
  }

  /// A connection to the display for a machine, which may make none itself.
  private func connection(to display: Display) throws(SystemError) -> Descriptor {
    let socket = try UnixSocket.make(.stream)
    try UnixSocket.connect(socket, to: display.socket)
    return socket
  }

  func find(_ instance: Identifier, _ file: InstanceFile?, in folder: InstanceStore.Folder) -> (any Remains)? {
    Machine.find(instance, in: folder, recorded: file?.run).map { found in
      // Of a machine whose state cannot be read it is not known what it may use.
      MachineRemains(found: found, console: console) { [groups] in if let file { groups?.place($0, of: file) } }
    }
  }

  /// Its process tells of a machine's end; there is nothing to be asked.
  func look(for instance: Identifier) async throws -> (any Runner)? { nil }

  /// All of it is in its folder.
  func discard(_ instance: Identifier) async throws {}
}

private struct MachineRemains: Remains {
  let found: Machine.Found
  let console: ConsoleKind
  let onProcess: (pid_t) -> Void

  var runner: (any Runner)? { found.machine }

  func takeOver() async -> (any Runner)? {
    let machine = await Machine.takeOver(found)
    if let machine {
      onProcess(machine.pid)
      machine.offer(console)
    }
    return machine
  }
}

extension MachineGroups {
  /// Gives an instance's process its share of the node.
  fileprivate func place(_ pid: pid_t, of file: InstanceFile) {
    place(pid, of: file.spec.instance, MachineLimits(file.spec.resources))
  }
}

extension Machine: Runner {
  nonisolated var name: String { "process \(pid)" }
  var observed: ObserveRequest.Target? { .process(pid) }

  func stop(grace: Double, hurry: Gate, isHurried: () -> Bool) async throws {
    await askToEnd(grace: grace, hurry: hurry, isHurried: isHurried)
    try await end()
  }

  /// A QEMU that the kernel does not end holds its files: nothing else can be done with the instance.
  func end() async throws {
    while !(await pullPlug()) { log.error("\(instance): its QEMU does not end; trying again") }
  }
}
