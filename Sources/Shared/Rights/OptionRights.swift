/// What a process has more under an option of launcher's.
public struct OptionRights: Sendable {
  public let option: String
  /// Not refused under it.
  public var allowed: [SyscallRule] = []
  /// Answered otherwise.
  public var refused: [SyscallRule] = []
  public var files: [FileRule] = []
}

extension ProcessRights {
  public var underOptions: [OptionRights] {
    let spice = OptionRights(option: "-with-ui=spice", allowed: [spiceSocketPairs])
    return switch name {
    case Self.qemu.name:
      [spice, OptionRights(option: "-with-ui=window", refused: displayConnection, files: desktopFiles)]
    case Self.spawner.name: [spice, OptionRights(option: "-with-ui=window", files: desktopFiles)]
    case Self.manager.name: [OptionRights(option: "-volumes", files: volumeFiles)]
    default: []
    }
  }
}
