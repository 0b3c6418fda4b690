import Channel
import Confinement
import Glibc
import Glog
import Instances
import Linux
import Loop
import Settings
import Spawning

/// This program in place of QEMU, qemu-img or xorriso, started by the real spawner.
enum Jailed {
  static let tasks: [String: SpawnTask] = [
    "qemu": .machine(machine("a"), .raw),
    "qemu-img": .overlay(Identifier("c")!, ImageName("image")!, .raw, size: 1 << 20),
    "xorriso": .configDrive(Identifier("c")!),
  ]

  static func machine(_ instance: String, image: String = "image") -> InstanceSpec {
    var spec = InstanceSpec(
      instance: Identifier(instance)!, tenant: Identifier("1")!, kind: .qemu, firmware: .legacy)
    spec.image = ImageName(image)
    return spec
  }

  /// Starts the spawner, with this program in place of every other.
  static func spawner(_ target: Target, _ user: UserIDs, more: [String] = []) throws -> Descriptor {
    let own = "\(target.folder)/rights-probe"
    return try MachineSpawner.fork(
      paths: ProgramPaths(Dictionary(uniqueKeysWithValues: Program.allCases.map { ($0, own) })), firmware: nil,
      Settings(
        .vmm, ["-state-dir=\(target.state)", "-user=\(user)", "-qemu-virtualisation=software", "-logtostderr"] + more))
  }

  /// Has the spawner start this program for `task`, and waits for its end.
  static func spawn(
    _ task: SpawnTask, _ attempt: String, _ target: Target, _ user: UserIDs, more: [String] = []
  ) throws {
    var sockets: [Descriptor] = []
    if case .machine = task {
      let (monitor, console) = try UnixSocket.pair()
      sockets = [monitor, console]
    }
    try start(task, by: spawner(target, user, more: more), sockets, attempt, target)
  }

  /// The same in the container tool's place.
  static func spawnContainerTool(_ attempt: String, _ target: Target, _ user: UserIDs) throws {
    let spawner = try ContainerSpawner.fork(
      ContainerTool(path: "\(target.folder)/rights-probe"),
      Settings(.vmm, ["-state-dir=\(target.state)", "-user=\(user)", "-logtostderr"]))
    try start(ContainerTask.list, by: spawner, [], attempt, target)
  }

  /// Tells this program, once it is started in a jail, on standard input what to try.
  private static func start<Task: SpawnableTask>(
    _ task: Task, by spawner: Descriptor, _ sockets: [Descriptor], _ attempt: String, _ target: Target
  ) throws {
    let input = try Descriptor.pipe()
    try Files.write(
      Array(([attempt] + target.arguments).joined(separator: " ").utf8), to: input.writer, named: "standard input")
    input.writer.close()
    let descriptors = [input.reader, Descriptor(dup(STDOUT_FILENO)), Descriptor(dup(STDERR_FILENO))] + sockets
    let loop = try EventLoop()
    let channel = Channel<SpawnerToManager, SpawnMessage<Task>>(
      spawner, loop: loop,
      onMessage: { message in
        switch message {
        case .started: return
        case .failed(_, let reason): RightsProbe.fail(reason)
        case .ended(_, .killed(let signal)): RightsProbe.say("killed \(signal)")
        case .ended(_, .exited): break
        }
        loop.stop()
      },
      onClose: { RightsProbe.fail("the spawner has ended: \($0)") })
    channel.send(.spawn(job: 1, task, descriptors))
    withExtendedLifetime(channel) { loop.run() }
  }

  /// In the jail: learns what to try and tries it.
  static func run() -> Never {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(STDIN_FILENO, &bytes, bytes.count)
    let words = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: " ").map(String.init)
    guard let attempt = words.first, let target = Target(Array(words.dropFirst())) else {
      RightsProbe.fail("told nothing to try")
    }
    RightsProbe.make(attempt, target)
  }
}
