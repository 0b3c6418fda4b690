/// Where volumes are (`-volumes`).
public enum VolumeLocation: Equatable, Sendable {
  case none
  /// Raw and qcow2 files in a folder.
  case folder(String)

  /// nil unless `text` is the whole path of a folder, or empty.
  init?(_ text: String) {
    if text.isEmpty {
      self = .none
    } else if text.hasPrefix("/") {
      self = .folder(text)
    } else {
      return nil
    }
  }

  public var isOn: Bool { self != .none }

  /// nil: they are no files.
  public var folder: String? { if case .folder(let path) = self { path } else { nil } }
}
