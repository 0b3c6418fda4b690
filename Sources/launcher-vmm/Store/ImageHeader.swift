import Instances
import Linux

/// What the first bytes of an image say of it (QEMU, docs/interop/qcow2.txt).
struct ImageHeader {
  enum Problem: Error, CustomStringConvertible {
    case cutOff
    case version(UInt32)
    case external
    case encrypted
    case nameLength(Int)
    case extensions

    var description: String {
      switch self {
      case .cutOff: "cut off"
      case .version(let version): "qcow2 version \(version)"
      case .external: "keeps its data in another file"
      case .encrypted: "is encrypted"
      case .nameLength(let length): "the name of its backing file has \(length) bytes"
      case .extensions: "its header's extensions have no end"
      }
    }
  }

  /// What the header says of the image below.
  struct Below: Equatable {
    let name: String
    /// Empty: it does not say.
    let format: String
  }

  let format: ImageFormat
  /// Bytes; nil where the file is the disk.
  let virtualSize: UInt64?
  let below: Below?

  private static let magic: [UInt8] = [0x51, 0x46, 0x49, 0xfb]
  /// Bytes of the fields that are read here; a file of version 2 has fewer, but a cluster follows.
  private static let size = 104
  private static let sizeOfVersion2 = 72
  /// Bit 2 of the incompatible features: the data are in another file.
  private static let externalDataFile: UInt64 = 1 << 2
  private static let longestName = 1023
  private static let formatExtension: UInt64 = 0xe279_2aca
  private static let longestFormat = 16
  /// QEMU knows five extensions.
  private static let maximumExtensions = 16

  /// Whatever does not begin like a qcow2 file is a disk as it is.
  init(of file: Descriptor) throws {
    let bytes = try file.read(at: 0, count: Self.size)
    guard bytes.starts(with: Self.magic) else {
      format = .raw
      virtualSize = nil
      below = nil
      return
    }
    guard bytes.count == Self.size else { throw Problem.cutOff }
    let version = UInt32(Self.number(bytes[4..<8]))
    guard version == 2 || version == 3 else { throw Problem.version(version) }
    guard version == 2 || Self.number(bytes[72..<80]) & Self.externalDataFile == 0 else { throw Problem.external }
    guard Self.number(bytes[32..<36]) == 0 else { throw Problem.encrypted }
    format = .qcow2
    virtualSize = Self.number(bytes[24..<32])
    let place = Self.number(bytes[8..<16])
    guard place != 0 else {
      below = nil
      return
    }
    let length = Int(Self.number(bytes[16..<20]))
    guard (1...Self.longestName).contains(length) else { throw Problem.nameLength(length) }
    guard let start = Int(exactly: place), start <= Int.max - Self.longestName else { throw Problem.cutOff }
    let name = try file.read(at: start, count: length)
    guard name.count == length else { throw Problem.cutOff }
    let first = version == 2 ? Self.sizeOfVersion2 : Int(Self.number(bytes[100..<104]))
    below = Below(
      name: String(decoding: name, as: UTF8.self), format: try Self.formatBelow(of: file, from: first, to: start))
  }

  /// The extensions stand one after the other between the header and the name of the backing file.
  private static func formatBelow(of file: Descriptor, from first: Int, to end: Int) throws -> String {
    var offset = first
    for _ in 0..<maximumExtensions {
      guard offset + 8 <= end else { return "" }
      let head = try file.read(at: offset, count: 8)
      guard head.count == 8 else { throw Problem.cutOff }
      let (kind, length) = (number(head[..<4]), Int(number(head[4...])))
      if kind == 0 { return "" }
      if kind == formatExtension {
        return String(decoding: try file.read(at: offset + 8, count: min(length, longestFormat)), as: UTF8.self)
      }
      offset += 8 + (length + 7) / 8 * 8
    }
    throw Problem.extensions
  }

  /// Of most significant bytes first.
  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
