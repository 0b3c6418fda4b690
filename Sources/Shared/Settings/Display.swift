import Glibc

/// The X display of this node that machines' windows appear on (`-with-ui=window`), known by its server's socket.
public struct Display: Sendable, Equatable {
  /// What names it to the programs of a desktop.
  public static let variable = "DISPLAY"
  /// Digits of a display's number: more than any X server has.
  private static let longestNumber = 5

  /// As DISPLAY has it, without the screen: `:0`.
  public let name: String

  /// - text: `:N` or `:N.SCREEN`; other forms name displays of other nodes.
  public init?(_ text: String) {
    let parts = text.dropFirst().split(separator: "." as Character, omittingEmptySubsequences: false)
    let areNumbers = parts.allSatisfy { part in
      (1...Self.longestNumber).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
    guard text.first == ":", (1...2).contains(parts.count), areNumbers else { return nil }
    name = ":\(parts[0])"
  }

  public var socket: String { "/tmp/.X11-unix/X\(name.dropFirst())" }

  /// What this process's environment says; nil: nothing.
  public static var named: String? { getenv(variable).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
}
