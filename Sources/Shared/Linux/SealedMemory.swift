import CShims
import Glibc

/// Large data beside a message: a memory file that its sender can no longer change.
public enum SealedMemory {
  public struct Refused: Error, CustomStringConvertible {
    public let reason: String
    public var description: String { "memory file refused: \(reason)" }
  }

  public static func make(_ name: String, _ bytes: [UInt8]) throws(SystemError) -> Descriptor {
    let fd = bytes.withUnsafeBytes { sh_sealed_memfd(name, $0.baseAddress, $0.count) }
    guard fd >= 0 else { throw SystemError("memfd_create", name, code: -fd) }
    return Descriptor(fd)
  }

  /// Looks at the seals and the size; gives the size in bytes. What passes can be read later: it cannot change.
  @discardableResult
  public static func check(_ file: Descriptor, limit: Int) throws -> Int {
    guard sh_check_sealed(file.raw) == 0 else {
      throw Refused(reason: "it is not sealed against writing, growing, shrinking and sealing")
    }
    let size = try Int(file.status().st_size)
    guard size <= limit else { throw Refused(reason: "\(size) bytes, the limit is \(limit)") }
    return size
  }

  /// Its bytes, after the same look.
  public static func read(_ file: Descriptor, limit: Int) throws -> [UInt8] {
    try file.read(at: 0, count: check(file, limit: limit))
  }
}
