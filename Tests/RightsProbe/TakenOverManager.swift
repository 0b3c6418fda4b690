import Channel
import Confinement
import Glibc
import Instances
import Linux
import Rights
import Spawning

/// What a taken-over manager would ask of the spawner. Prints `started`, `refused REASON` or `closed`.
enum TakenOverManager {
  private enum Request {
    case honest(SpawnTask)
    case bytes([UInt8])
  }

  private static let image = ImageName("image")!

  private static let requests: [String: Request] = [
    "ask-for-own-instance": .honest(.machine(Jailed.machine("a"), .raw)),
    "ask-for-image-by-link-beside-it": .honest(.machine(Jailed.machine("a", image: "beside"), .raw)),
    "ask-for-image-by-link-outside": .honest(.machine(Jailed.machine("a", image: "away"), .raw)),
    "ask-for-device-as-image": .honest(.machine(Jailed.machine("a", image: "pipe"), .raw)),
    "ask-for-folder-by-link": .honest(.machine(Jailed.machine("d"), .raw)),
    "ask-for-disk-by-link": .honest(.machine(Jailed.machine("e"), .raw)),
    "ask-for-staging-by-link": .honest(.overlay(Identifier("d")!, image, .raw, size: 512)),
    "ask-for-instance-that-is-not-there": .honest(.configDrive(Identifier("f")!)),
    "name-folder-outside": .bytes(
      message(program: 3) { $0.string("../../outside") }),
    "name-image-outside": .bytes(
      message(program: 2) {
        $0.string("c")
        $0.string("../../outside/readable")
        $0.integer(UInt8(0))
        $0.integer(UInt32(0))
        $0.integer(UInt64(512))
      }),
    "name-fifth-program": .bytes(message(program: 5) { $0.string("c") }),
    "add-bytes": .bytes(
      message(program: 3) {
        $0.string("c")
        $0.string("-indev")
      }),
    "make-disk-beyond-bounds": .bytes(
      message(program: 2) {
        $0.string("c")
        $0.string("image")
        $0.integer(UInt8(0))
        $0.integer(UInt32(0))
        $0.integer(UInt64.max)
      }),
  ]

  private static func message(program: UInt8, _ fields: (inout WireWriter) -> Void) -> [UInt8] {
    var writer = WireWriter()
    writer.integer(MessageCoding.version)
    writer.integer(UInt8(1))
    writer.integer(UInt64(1))
    writer.integer(program)
    fields(&writer)
    return writer.bytes
  }

  static func run(_ attempt: String, _ target: Target, _ user: UserIDs) throws {
    guard let request = requests[attempt] else { RightsProbe.fail("no attempt is called \(attempt)") }
    let spawner = try Jailed.spawner(target, user)
    let null = try Descriptor.open("/dev/null", O_RDWR)
    var surroundings = Surroundings()
    let folders = StateFolder(target.state)
    try surroundings.set(.images, path: folders.images)
    try surroundings.set(.instances, path: folders.instances)
    surroundings.set(.firmware, [])
    surroundings.set(.machineGroups, [])
    try Confinement.dropPrivileges(to: user, rights: .manager)
    _ = try Confinement.confine(.manager, surroundings)
    let sent: Int32
    switch request {
    case .honest(let task):
      let count = task.program == .qemu ? 5 : 3
      let message = ManagerToSpawner.spawn(job: 1, task, Array(repeating: null, count: count))
      sent = Datagram.send(MessageCoding.encode(message), message.descriptors, spawner)
    case .bytes(let bytes): sent = Datagram.send(bytes, [null, null, null], spawner)
    }
    guard sent == 0 else { RightsProbe.fail("send to the spawner: \(SystemError.text(sent))") }
    var ready = pollfd(fd: spawner.raw, events: Int16(POLLIN), revents: 0)
    while poll(&ready, 1, -1) < 0, errno == EINTR {}
    switch Datagram.receive(spawner) {
    case .ended: RightsProbe.say("closed")
    case .message(let bytes, let descriptors):
      switch try MessageCoding.decode(SpawnerToManager.self, bytes, descriptors) {
      case .started: RightsProbe.say("started")
      case .failed(_, let reason): RightsProbe.say("refused \(reason)")
      case .ended: RightsProbe.fail("an end before the start")
      }
    case .none, .failed: RightsProbe.fail("no answer from the spawner")
    }
  }
}
