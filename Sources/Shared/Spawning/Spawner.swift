import CShims
import Channel
import Confinement
import Glibc
import Glog
import Linux
import Loop
import Settings

/// The spawner: starts the programs of `Program` for the manager, hands back pidfds, reaps, and reports ends.
///
/// It is forked from launcher-vmm before the manager confines itself, because the filter that suits the manager kills
/// QEMU. It reads nothing but the manager's requests, and dies with the manager; machines do not.
public final class Spawner {
  /// Environment of every child: nothing of ours, and a locale in which tools speak plainly.
  private static let environment = ["PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/nonexistent"]
  /// Children at once: machines of one node and tools, with room to spare.
  private static let maximumChildren = 16_384

  private let paths: ProgramPaths
  private let folders: StateFolder
  private let machines: QEMUCommandLine.Settings
  private let jailer: Jailer
  private let loop: EventLoop
  private var channel: Channel<ManagerToSpawner, SpawnerToManager>?
  private var jobs: [pid_t: UInt64] = [:]

  /// Forks the spawner; returns in the parent with its end of the channel. The child never returns.
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
    let jailer = try Jailer(folders, paths, firmware: firmware)
    let machines = QEMUCommandLine.Settings(
      accelerator: Accelerators.choose(options.virtualisation), firmware: firmware)
    try options.confine(.spawner, jailer.surroundings, as: .vmm, logSettings)
    Spawner(paths, folders, machines, jailer, loop).serve(socket, signals)
  }

  private init(
    _ paths: ProgramPaths, _ folders: StateFolder, _ machines: QEMUCommandLine.Settings, _ jailer: Jailer,
    _ loop: EventLoop
  ) {
    self.paths = paths
    self.folders = folders
    self.machines = machines
    self.jailer = jailer
    self.loop = loop
  }

  private func serve(_ socket: Descriptor, _ signals: Descriptor) {
    channel = Channel(
      socket, loop: loop, onMessage: { [unowned self] in handle($0) },
      onClose: { [unowned self] reason in
        log.info("spawner: the manager's channel closed (\(reason)); ending")
        loop.stop()
      })
    loop.onReadable(signals.raw) { [unowned self] in
      // SIGINT and SIGTERM reach a whole foreground process group: the manager decides, and its end is ours.
      while let signal = try? Signals.next(signals) {
        if signal == SIGCHLD { reap() }
      }
    }
    loop.run()
  }

  /// What the manager may ask.
  private func handle(_ message: ManagerToSpawner) {
    switch message {
    case .spawn(let job, let task, let descriptors): spawn(job, task, descriptors)
    }
  }

  private func spawn(_ job: UInt64, _ task: SpawnTask, _ descriptors: [Descriptor]) {
    let program = task.program
    guard let path = paths[program] else {
      return fail(job, "\(program.name) is not installed (looked in \(ProgramPaths.folders.joined(separator: ", ")))")
    }
    guard jobs.count < Self.maximumChildren else { return fail(job, "\(jobs.count) children already") }
    let jail: Jailer.Jail
    do {
      jail = try jailer.jail(for: task)
    } catch {
      return fail(job, "jail of \(program.name): \(error)")
    }
    let arguments = [program.name] + arguments(for: task, in: jail.folder)
    var pid: pid_t = 0
    var pidfd: Int32 = -1
    var stage: Int32 = 0
    let code = SpawnRequest(
      path: path, arguments: arguments, environment: Self.environment, descriptors: descriptors, jail: jail,
      flags: program.spawnFlags
    ).with { sh_spawn($0, &pid, &pidfd, &stage) }
    guard code == 0 else { return fail(job, "\(path): \(SpawnRequest.name(of: stage)): \(SystemError.text(code))") }
    jobs[pid] = job
    guard pidfd >= 0 else {
      // Without a pidfd the manager could not watch it.
      kill(pid, SIGKILL)
      return fail(job, "\(path): pidfd_open: \(SystemError.text(-pidfd))")
    }
    channel?.send(.started(job: job, pid: pid, pidfd: Descriptor(pidfd)))
  }

  private func arguments(for task: SpawnTask, in folder: String) -> [String] {
    let images = folders.images
    return switch task {
    case .machine(let spec, let stack, let tapMTU):
      QEMUCommandLine.arguments(
        for: spec, stack, tapMTU: tapMTU, hasSchedulerDrive: task.hasSchedulerDrive, folder: folder, images: images,
        machines)
    case .overlay(_, let image, let stack, let size):
      InstanceDisk.arguments(in: folder, images: images, image, stack, size: size)
    case .configDrive: ConfigDrive.arguments(in: folder)
    case .schedulerDrive: SchedulerDrive.arguments(in: folder)
    }
  }

  private func fail(_ job: UInt64, _ reason: String) {
    channel?.send(.failed(job: job, reason: String(reason.prefix(400))))
  }

  private func reap() {
    var pid: pid_t = 0
    var status: Int32 = 0
    while sh_reap(&pid, &status) > 0 {
      guard let job = jobs.removeValue(forKey: pid) else { continue }
      let signal = sh_term_signal(status)
      channel?.send(.ended(job: job, signal >= 0 ? .killed(signal: signal) : .exited(sh_exit_status(status))))
    }
  }
}
