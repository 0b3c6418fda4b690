import CShims
import Channel
import Confinement
import Glibc
import Glog
import Instances
import Linux
import Loop
import Rights
import Settings

/// The spawner of machines and of the tools that make their disks.
public enum MachineSpawner {
  /// Forks it; returns in the parent with its end of the channel. The child never returns.
  public static func fork(paths: ProgramPaths, firmware: FirmwareFiles?, _ options: Settings) throws(SystemError)
    -> Descriptor
  {
    try ChildFork.fork("vmm-spawner") { socket in
      log.configure(options.log.early)
      do {
        try run(paths, firmware, options, socket)
      } catch {
        log.fatal("spawner: \(error)")
      }
      exit(0)
    }
  }

  private static func run(
    _ paths: ProgramPaths, _ firmware: FirmwareFiles?, _ options: Settings, _ socket: Descriptor
  ) throws {
    try Confinement.dropPrivileges(to: options.user, rights: .spawner)
    let logSettings = options.logSettings(of: .vmm, part: "launcher-vmm-spawner")
    log.configure(logSettings)
    let signals = try Signals.descriptor(for: [SIGCHLD, SIGINT, SIGTERM, SIGHUP])
    let loop = try EventLoop()
    let folders = StateFolder(options.stateFolder)
    let jailer = try Jailer(
      folders, paths, firmware: firmware, hasWindows: options.console == .window, pool: options.volumes.pool)
    let machines = QEMUCommandLine.Settings(
      accelerator: Accelerators.choose(options.virtualisation), firmware: firmware,
      hasSpice: options.console == .spice, hasWindow: options.console == .window, hasVolumes: options.volumes.isOn)
    try options.confine(.spawner(for: options), jailer.surroundings, as: .vmm, logSettings)
    let planner = MachinePlanner(
      paths: paths, folders: folders, machines: machines, volumes: options.volumes, jailer: jailer)
    Spawner(planner, loop).serve(socket, signals)
  }
}

extension ProcessRights {
  fileprivate static func spawner(for options: Settings) -> ProcessRights {
    let rights =
      switch options.console {
      case .none, .nc: spawner
      case .spice: spawner.withSpice
      case .window: spawner.withWindow
      }
    return options.volumes.pool == nil ? rights : rights.withRBD
  }
}

/// The command lines and jails of QEMU, qemu-img and xorriso.
private struct MachinePlanner: ChildPlanner {
  let paths: ProgramPaths
  let folders: StateFolder
  let machines: QEMUCommandLine.Settings
  let volumes: VolumeLocation
  let jailer: Jailer

  func plan(_ task: SpawnTask) throws -> ChildPlan {
    let program = task.program
    guard let path = paths[program] else {
      throw Jailer.Refused(
        description: "\(program.name) is not installed (looked in \(ProgramPaths.folders.joined(separator: ", ")))")
    }
    let jail: Jailer.Jail
    do {
      jail = try jailer.jail(for: task)
    } catch {
      throw Jailer.Refused(description: "jail of \(program.name): \(error)")
    }
    var plan = ChildPlan(
      name: program.name, path: path, arguments: try arguments(for: task, in: jail.folder), jail: jail,
      flags: program.spawnFlags)
    if program == .qemu, machines.hasWindow { plan.environment += QEMUCommandLine.windowEnvironment }
    return plan
  }

  private func arguments(for task: SpawnTask, in folder: String) throws -> [String] {
    let images = folders.images
    return switch task {
    case .machine(let spec, let stack, let tapMTU, let sources):
      QEMUCommandLine.arguments(
        for: spec, stack, tapMTU: tapMTU, volumes: try zip(spec.volumes.all, sources).map(drive),
        hasSchedulerDrive: task.hasSchedulerDrive, folder: folder, images: images, machines)
    case .overlay(_, let image, let stack, let size):
      InstanceDisk.arguments(in: folder, images: images, image, stack, size: size)
    case .configDrive: ConfigDrive.arguments(in: folder)
    case .schedulerDrive: SchedulerDrive.arguments(in: folder)
    case .ephemeralVolume(_, let volume, let gibibytes):
      EphemeralVolume.arguments(in: folder, volume, gibibytes: gibibytes)
    }
  }

  private func drive(_ volume: Volume, _ source: VolumeSource) throws -> VolumeDrive {
    guard let backing = VolumeBacking(source, at: volumes) else {
      throw Jailer.Refused(description: "volume \(volume.id): this node has no pool of RBD images")
    }
    return VolumeDrive(volume, backing)
  }
}
