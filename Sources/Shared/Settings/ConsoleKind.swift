import Glibc

/// What a machine's console is offered by (`-with-ui`).
public enum ConsoleKind: String, CaseIterable, Sendable {
  case none
  case window
  case nc
  case spice

  public typealias Obstacle = (reason: String, remedy: String)

  /// Where distributions have QEMU's modules. A QEMU without any has everything built in.
  private static let moduleFolders = ["/usr/lib/x86_64-linux-gnu/qemu", "/usr/lib64/qemu", "/usr/lib/qemu"]

  /// Why machines cannot have it; nil when they can.
  ///
  /// - display: what the environment names.
  public func obstacle(display: String? = Display.named, isThere: (String) -> Bool = { access($0, F_OK) == 0 })
    -> Obstacle?
  {
    switch self {
    case .none, .nc: nil
    case .spice: Self.lack(of: "ui-spice-core.so", in: "qemu-system-common", isThere)
    case .window: Self.lack(of: display, isThere) ?? Self.lack(of: "ui-gtk.so", in: "qemu-system-gui", isThere)
    }
  }

  private static func lack(of module: String, in package: String, _ isThere: (String) -> Bool) -> Obstacle? {
    let folders = moduleFolders.filter(isThere)
    guard !folders.isEmpty, !folders.contains(where: { isThere("\($0)/\(module)") }) else { return nil }
    return ("QEMU's module \(module) is not in \(folders[0])", "apt-get install \(package)")
  }

  private static func lack(of display: String?, _ isThere: (String) -> Bool) -> Obstacle? {
    let start = "start launcher in a desktop session on this node"
    guard let display else {
      return ("there is no display: \(Display.variable) is not set", "\(start), or use -with-ui=spice")
    }
    guard let display = Display(display) else {
      return ("\(Display.variable)=\(display) is no X display of this node, which would be :NUMBER", start)
    }
    guard isThere(display.socket) else {
      return ("there is no display \(display.name): nobody has made \(display.socket)", start)
    }
    return nil
  }
}
