import Foundation
import Instances
import Linux

/// Ethernet frames made by hand, as a machine that does not keep to its addresses would make them.
struct Frame: Equatable {
  static let everybody = MACAddress("ff:ff:ff:ff:ff:ff")!

  var bytes: [UInt8]

  init(to: MACAddress = everybody, from: MACAddress, type: [UInt8], _ payload: [UInt8]) {
    bytes = to.bytes + from.bytes + type + payload
    bytes += [UInt8](repeating: 0, count: max(0, 60 - bytes.count))
  }

  /// UDP in IPv4; `mark` is its payload, by which a test knows it again.
  static func ipv4(
    from mac: MACAddress, _ source: String, to destination: String = "255.255.255.255", ports: [UInt8] = [4, 0, 5, 0],
    toMAC: MACAddress = everybody, vlan: [UInt8] = [], mark: String
  ) -> Frame {
    let udp = ports + size(8 + mark.utf8.count) + [0, 0] + Array(mark.utf8)
    return Frame(
      to: toMAC, from: mac, type: vlan + [0x08, 0x00],
      header(proto: 17, source, destination, size: udp.count) + udp)
  }

  static func ping(from mac: MACAddress, _ source: String, to destination: String, at: MACAddress) -> Frame {
    var echo: [UInt8] = [8, 0, 0, 0, 0, 1, 0, 1]
    let sum = checksum(echo)
    echo.replaceSubrange(2..<4, with: sum)
    return Frame(to: at, from: mac, type: [0x08, 0x00], header(proto: 1, source, destination, size: echo.count) + echo)
  }

  /// Who has `target`? tell `sender`.
  static func arp(from mac: MACAddress, sender: MACAddress? = nil, _ address: String, target: String) -> Frame {
    Frame(
      from: mac, type: [0x08, 0x06],
      [0, 1, 8, 0, 6, 4, 0, 1] + (sender ?? mac).bytes + ip(address) + [0, 0, 0, 0, 0, 0] + ip(target))
  }

  private static func header(proto: UInt8, _ source: String, _ destination: String, size: Int) -> [UInt8] {
    var header: [UInt8] =
      [0x45, 0] + Self.size(20 + size) + [0, 0, 0, 0, 64, proto, 0, 0] + ip(source) + ip(destination)
    header.replaceSubrange(10..<12, with: checksum(header))
    return header
  }

  private static func size(_ count: Int) -> [UInt8] { [UInt8(count >> 8), UInt8(count & 0xff)] }

  private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
    var sum = stride(from: 0, to: bytes.count, by: 2).reduce(UInt32(0)) {
      $0 + UInt32(bytes[$1]) << 8 + UInt32($1 + 1 < bytes.count ? bytes[$1 + 1] : 0)
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return [UInt8(~sum >> 8 & 0xff), UInt8(~sum & 0xff)]
  }

  static func ip(_ text: String) -> [UInt8] { withUnsafeBytes(of: IPv4Address(text)!.value.bigEndian) { Array($0) } }

  func contains(_ mark: String) -> Bool { bytes.firstRange(of: Array(mark.utf8)) != nil }
}

/// A machine's side of a tap.
struct TapEnd {
  /// struct virtio_net_hdr before each frame: nothing is left to compute.
  private static let header = [UInt8](repeating: 0, count: 10)

  let descriptor: Descriptor

  init(_ descriptor: Descriptor) throws {
    self.descriptor = descriptor
    try descriptor.setNonBlocking()
  }

  func send(_ frame: Frame) throws {
    let bytes = Self.header + frame.bytes
    let count = write(descriptor.raw, bytes, bytes.count)
    guard count == bytes.count else { throw NetworkNamespace.Failed(description: "write to tap: \(errno)") }
  }

  /// The next frame; nil when none comes within these seconds.
  func receive(within seconds: Double = 20) throws -> Frame? {
    var ready = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
    guard poll(&ready, 1, Int32(seconds * 1000)) == 1 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor.raw, &buffer, buffer.count)
    guard count > Self.header.count else { throw NetworkNamespace.Failed(description: "read from tap: \(errno)") }
    var frame = Frame(from: Frame.everybody, type: [], [])
    frame.bytes = Array(buffer[Self.header.count..<count])
    return frame
  }

  /// All that comes until the frame with this mark.
  func received(until mark: String) throws -> [Frame] {
    var frames: [Frame] = []
    while let frame = try receive() {
      if frame.contains(mark) { return frames }
      frames.append(frame)
    }
    throw NetworkNamespace.Failed(description: "\(mark) does not come")
  }
}
