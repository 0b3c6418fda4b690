import Glibc

/// What a machine's console is offered by (`-with-ui`).
public enum ConsoleKind: String, CaseIterable, Sendable {
  case none
  case window
  case nc
  case spice

  /// Where distributions have QEMU's modules. A QEMU without any has everything built in.
  private static let moduleFolders = ["/usr/lib/x86_64-linux-gnu/qemu", "/usr/lib64/qemu", "/usr/lib/qemu"]
  private static let spiceModule = "ui-spice-core.so"

  /// Why machines cannot have it; nil when they can.
  public func obstacle(isThere: (String) -> Bool = { access($0, F_OK) == 0 }) -> (reason: String, remedy: String)? {
    switch self {
    case .none, .nc: return nil
    case .spice:
      let folders = Self.moduleFolders.filter(isThere)
      guard !folders.isEmpty, !folders.contains(where: { isThere("\($0)/\(Self.spiceModule)") }) else { return nil }
      return ("QEMU's module \(Self.spiceModule) is not in \(folders[0])", "apt-get install qemu-system-common")
    case .window:
      return (
        "no machine can reach a display: each is jailed away from the sockets of this user, the display's among them",
        "use spice, which shows a machine's display through a socket in its folder, or leave -with-ui out"
      )
    }
  }
}
