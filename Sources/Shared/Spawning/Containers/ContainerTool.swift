import Glibc
import Settings

/// The program that tells a container engine what to do: docker's command line.
public struct ContainerTool: Sendable {
  public static let name = "docker"

  public let path: String

  /// The one that the operator names, or where distributions have it; nil where it cannot be executed.
  public init?(_ options: Settings) {
    let candidates =
      options.containerTool.isEmpty ? ProgramPaths.folders.map { "\($0)/\(Self.name)" } : [options.containerTool]
    guard let path = candidates.first(where: { $0.hasPrefix("/") && access($0, X_OK) == 0 }) else { return nil }
    self.init(path: path)
  }

  public init(path: String) { self.path = path }

  /// The options that say which engine is meant.
  public static func connection(to socket: String) -> [String] { ["--host", "unix://\(socket)"] }

  /// Asks the engine for its version.
  public static let versionQuery = ["version", "--format", "{{.Server.Version}}"]
}
