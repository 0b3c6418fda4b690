/// What a process has more under an option of launcher's.
public struct OptionRights: Sendable {
  public let option: String
  /// Not refused under it.
  public var allowed: [SyscallRule] = []
  /// Answered otherwise.
  public var refused: [SyscallRule] = []
  public var files: [FileRule] = []
  /// nil: the ports are the same.
  public var connect: TCPPorts?
  /// It may have these open.
  public var descriptors: [DescriptorRule] = []

  /// Volumes are RBD images.
  public static let rbd = "-volumes=rbd:POOL"
}

extension ProcessRights {
  public var underOptions: [OptionRights] {
    let spice = OptionRights(option: "-with-ui=spice", allowed: [spiceSocketPairs])
    return switch name {
    case Self.qemu.name:
      [
        spice, OptionRights(option: "-with-ui=window", refused: displayConnection, files: desktopFiles),
        OptionRights(
          option: OptionRights.rbd, allowed: [cephSocket], refused: tcpClientsAlone, files: cephFiles, connect: .ceph,
          descriptors: cephConnections),
      ]
    case Self.spawner.name:
      [
        spice, OptionRights(option: "-with-ui=window", files: desktopFiles),
        OptionRights(
          option: OptionRights.rbd, allowed: [cephSocket], refused: tcpClientsAlone, files: cephFolder, connect: .ceph),
      ]
    case Self.manager.name: [OptionRights(option: "-volumes=FOLDER", files: volumeFiles)]
    default: []
    }
  }
}
