import Glibc
import Instances
import Linux
import Payloads
import SSNTP

/// Measures the codecs of the wire on the streams and payloads in a folder that Tests/Bench has made, and prints for each
/// how long one of its operations takes: `name nanoseconds`.
@main struct CodecProbe {
  /// Nanoseconds of each measurement.
  private static let duration: Int64 = 100_000_000
  /// Bytes of a file: more than any has.
  private static let limit = 64 * 1_048_576

  static func main() throws {
    guard CommandLine.arguments.count == 2 else { fatalError("usage: codec-probe FOLDER") }
    let folder = try Descriptor.open(CommandLine.arguments[1], O_RDONLY | O_DIRECTORY)
    for name in try Files.names(in: folder).sorted() {
      let bytes = try Files.read(name, in: folder, limit: limit)
      switch name.split(separator: ".").last {
      case "gob":
        let frames = try decode(bytes).count
        try measure("decode \(name)", frames) { _ = try decode(bytes) }
        let decoded = try decode(bytes)
        try measure("encode \(name)", frames) {
          var writer = FrameWriter()
          for frame in decoded { _ = writer.encode(frame: frame) }
        }
      case "yaml": try measure("read \(name)", 1) { _ = try parseStart(bytes) }
      default: continue
      }
    }
    let instances = try (0..<100).map { try sample($0) }
    try measure("write stats", 1) {
      _ = statsPayload(nodeUUID: "6d2b4d3c-0000-4000-8000-000000000001", status: "READY", node, instances)
    }
  }

  /// All frames of a server's stream.
  private static func decode(_ bytes: [UInt8]) throws -> [Frame] {
    var reader = FrameReader(at: .client)
    var frames: [Frame] = []
    // As much as launcher-net reads at once.
    for start in stride(from: 0, to: bytes.count, by: 16_384) {
      bytes[start..<min(start + 16_384, bytes.count)].withUnsafeBytes { reader.feed($0) }
      while let incoming = try reader.next() {
        if case .frame(let frame) = incoming { frames.append(frame) }
      }
    }
    return frames
  }

  private static func measure(_ name: String, _ operations: Int, _ body: () throws -> Void) throws {
    let start = Moment.now.nanoseconds
    var rounds = 0
    var taken: Int64 = 0
    while taken < duration {
      try body()
      rounds += 1
      taken = Moment.now.nanoseconds - start
    }
    print("\(name)\t\(taken / Int64(rounds * operations))")
  }

  private static var node: NodeSample {
    var node = NodeSample()
    node.memoryTotalMB = 128_000
    node.memoryAvailableMB = 64_000
    node.diskTotalMB = 900_000
    node.diskAvailableMB = 500_000
    node.load = 4
    node.cpusOnline = 64
    node.hostName = "node"
    node.networks = [.init(ip: "192.168.0.2", mac: "02:00:00:00:00:02")]
    return node
  }

  private struct NoName: Error {}

  private static func sample(_ number: Int) throws -> InstanceSample {
    guard let instance = Identifier("be0c4000-0000-4000-8000-00000000\(1000 + number)") else { throw NoName() }
    var sample = InstanceSample(instance: instance, state: .active)
    sample.sshIP = "198.51.100.7"
    sample.sshPort = 34_000 + number
    sample.memoryUsageMB = 512
    sample.diskUsageMB = 4096
    sample.cpuUsage = 12
    return sample
  }
}
