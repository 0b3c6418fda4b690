import Confinement
import Linux
import Settings
import Spawning

extension ContainerEngine {
  private struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  /// Forks the child that runs containers, where they are on, and gives up what it alone needs. Before the others are
  /// forked, so that none of them has the group.
  nonisolated static func fork(_ options: Settings) throws -> Descriptor? {
    guard options.runsContainers else { return nil }
    guard let tool = ContainerTool(options) else {
      throw Missing(
        description:
          "-containers: the container tool \(options.containerTool) is not there; install docker.io, or name "
          + "docker's program with -container-tool")
    }
    let socket = try ContainerSpawner.fork(tool, options)
    if let group = options.containerGroup { try Confinement.leave(group: group) }
    return socket
  }
}
