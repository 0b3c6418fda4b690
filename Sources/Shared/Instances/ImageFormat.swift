/// How the data of a disk image are laid out in its file.
public enum ImageFormat: UInt8, Sendable, CaseIterable {
  case raw = 0
  case qcow2 = 1

  /// nil unless `name` is QEMU's name of a format that is taken.
  public init?(name: String) {
    switch name {
    case "raw": self = .raw
    case "qcow2": self = .qcow2
    default: return nil
    }
  }

  public var name: String { self == .raw ? "raw" : "qcow2" }
}
