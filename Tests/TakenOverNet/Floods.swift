import CProbe
import Channel
import Glibc
import Instances
import Linux

extension Attack {
  // MARK: descriptors

  private static let allSeals: Int32 = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE
  private static let (F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE): (Int32, Int32, Int32, Int32) = (
    1, 2, 4, 8
  )
  private static let (F_ADD_SEALS, MFD_ALLOW_SEALING): (Int32, Int) = (1033, 2)

  /// O_PATH
  private static let pathOnly: Int32 = 0o10_000_000

  /// A memory file that is `size` bytes long and takes no memory.
  private static func memory(_ size: Int, seals: Int32) throws -> Descriptor {
    let fd = "user-data".withCString {
      probe_syscall(Int(SYS_memfd_create), Int(bitPattern: $0), MFD_ALLOW_SEALING, 0, 0, 0, 0)
    }
    guard fd >= 0 else { throw SystemError("memfd_create", "user-data", code: Int32(-fd)) }
    let file = Descriptor(Int32(fd))
    guard ftruncate(file.raw, size) == 0, fcntl(file.raw, F_ADD_SEALS, seals) == 0 else {
      throw SystemError("seal", "user-data")
    }
    return file
  }

  /// - image: the name of one that is there.
  static func descriptors(_ image: String) throws -> [Attack] {
    let limit = NetToVMM.maximumGuestData
    let good = try memory(limit, seals: allSeals)
    let large = Fields.start(Line.nobody.text, hasMetaData: true)
      .with("image", [1] + Fields.string(image)).with("memory", Fields.number(1 << 24))
    let bad: [(String, Descriptor)] = [
      ("a device", try Descriptor.open("/dev/zero", O_RDWR)), ("a folder", try Descriptor.open("/", O_RDONLY)),
      ("a file", try Descriptor.open("/proc/self/maps", O_RDONLY)),
      ("a path", try Descriptor.open("/etc/passwd", pathOnly)),
      ("a pipe", try Descriptor.pipe().reader), ("a socket", try UnixSocket.make(.packets)),
      ("an epoll", Descriptor(Int32(probe_syscall(Int(SYS_epoll_create1), 0, 0, 0, 0, 0, 0)))),
      ("memory without seals", try memory(1, seals: 0)),
      ("memory that can be written", try memory(1, seals: allSeals & ~F_SEAL_WRITE)),
      ("memory that can grow", try memory(1, seals: allSeals & ~F_SEAL_GROW)),
      ("memory that can shrink", try memory(1, seals: allSeals & ~F_SEAL_SHRINK)),
      ("memory that can be sealed", try memory(1, seals: allSeals & ~F_SEAL_SEAL)),
      ("memory of a byte too many", try memory(limit + 1, seals: allSeals)),
      ("memory of 1 TiB", try memory(1 << 40, seals: allSeals)),
    ]
    let (alone, both) = (Fields.start(Line.nobody.text).bytes, Fields.start(Line.nobody.text, hasMetaData: true).bytes)
    return bad.flatMap { what, descriptor in
      [
        Attack("START with user-data that is \(what)") { $0.send(alone, [descriptor]) },
        Attack("START with meta-data that is \(what)") { $0.send(both, [good, descriptor]) },
      ]
    } + [
      Attack("allowed: START with two memories of 16 MiB") { $0.send(both, [good, good]) },
      // They are read, and QEMU has no such memory.
      Attack("allowed: START of an image that is there, with two memories of 16 MiB") {
        $0.send(large.bytes, [good, good])
      },
      Attack("allowed: DELETE of what it has left") { $0.send(Fields.target(4, Line.nobody.text).bytes) },
    ]
  }

  // MARK: floods

  /// One answer to each would be more than waits for a launcher-net that does not read.
  private static let many = 10_000
  /// With what ends each as many as an honest launcher-net has open.
  private static let some = 128

  static func floods(on victim: String) throws -> [Attack] {
    let data = try memory(NetToVMM.maximumGuestData, seals: allSeals)
    func flood(_ name: String, _ count: Int, _ bytes: [UInt8], _ descriptors: [Descriptor] = []) -> Attack {
      Attack("\(count) \(name)") { line in
        for _ in 0..<count where !line.send(bytes, descriptors) { return }
      }
    }
    return [
      flood("STOPs whose answers are not read", many, Fields.target(2, Line.nobody.text).bytes),
      flood(
        "STARTs whose answers are not read", many, Fields.start(Line.nobody.text, hasMetaData: true).bytes,
        [data, data]),
      flood("allowed: acknowledgements of nothing", many, Fields.acknowledge.bytes),
      flood("allowed: needs of a channel, none of which is used", many, Fields.needStatsChannel.bytes),
      Attack("allowed: \(some) EVACUATEs, each with its Restore") { line in
        for _ in 0..<some where !(line.send(Fields.node(8).bytes) && line.send(Fields.node(9).bytes)) { return }
      },
      Attack("\(many) EVACUATEs, each with its Restore, whose answers are not read") { line in
        for _ in 0..<many where !(line.send(Fields.node(8).bytes) && line.send(Fields.node(9).bytes)) { return }
      },
      Attack("\(many) changes of limits whose censuses are not read") { line in
        for count in 0..<many where !line.send(Fields.limits(memory: count % 2 == 0).bytes) { return }
      },
      // The last, because what is open stays so.
      flood("requests open at once", 600, Fields.target(2, victim).bytes),
    ]
  }
}
