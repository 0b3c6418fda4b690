import Glibc
import Settings

/// The program that runs containers: docker, or podman in its place.
public struct ContainerTool: Sendable {
  public enum Dialect: String, Sendable {
    case docker
    case podman
  }

  public let path: String
  /// What it understands, by its file's name.
  public let dialect: Dialect

  /// The one that the operator names, or docker where distributions have it; nil where it cannot be executed.
  public init?(_ options: Settings) {
    let candidates =
      options.containerTool.isEmpty
      ? ProgramPaths.folders.map { "\($0)/\(Dialect.docker.rawValue)" } : [options.containerTool]
    guard let path = candidates.first(where: { $0.hasPrefix("/") && access($0, X_OK) == 0 }) else { return nil }
    self.init(path: path)
  }

  public init(path: String) {
    self.path = path
    dialect = path.split(separator: "/").last.map { $0.hasPrefix(Dialect.podman.rawValue) } ?? false ? .podman : .docker
  }

  public var name: String { dialect.rawValue }
}
