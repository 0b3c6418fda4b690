/// Where volumes are (`-volumes`).
public enum VolumeLocation: Equatable, Sendable {
  case none
  /// Raw and qcow2 files in a folder.
  case folder(String)
  /// RBD images of a Ceph pool.
  case rbd(RBDPool)

  static let allowed = "the whole path of a folder, or rbd:POOL[/NAMESPACE][?id=USER]"

  /// nil unless `text` is one of these, or empty.
  init?(_ text: String) {
    if text.isEmpty {
      self = .none
    } else if text.hasPrefix("/") {
      self = .folder(text)
    } else if text.hasPrefix(RBDPool.prefix), let pool = RBDPool(text.dropFirst(RBDPool.prefix.count)) {
      self = .rbd(pool)
    } else {
      return nil
    }
  }

  public var isOn: Bool { self != .none }

  /// nil: they are no files.
  public var folder: String? { if case .folder(let path) = self { path } else { nil } }

  /// nil: they are no RBD images.
  public var pool: RBDPool? { if case .rbd(let pool) = self { pool } else { nil } }
}
