import Glibc
import Settings
import Spawning

/// What `-check-config` says of containers, where they are on.
enum ContainerReadiness {
  static func findings(_ options: Settings) -> [Finding] {
    guard let tool = ContainerTool(options) else {
      let wanted = options.containerTool.isEmpty ? ContainerTool.name : options.containerTool
      return [
        Finding(
          .missing, "container tool", "\(wanted) is no program of this node",
          remedy: "apt-get install docker.io, or name docker's program with -container-tool")
      ]
    }
    return [version(of: tool), group(options), engine(tool, options)]
  }

  private static func version(of tool: ContainerTool) -> Finding {
    guard let version = firstLine(tool, ["--version"]) else {
      return Finding(.missing, "container tool", "\(tool.path) does not run", remedy: "install docker.io anew")
    }
    return Finding(.ready, "container tool", "\(tool.path): \(version)")
  }

  private static func group(_ options: Settings) -> Finding {
    let name = options.containerGroupName
    if name.isEmpty { return Finding(.ready, "container group", "none is needed") }
    guard let group = options.containerGroup else {
      return Finding(
        .missing, "container group", "there is no group \(name)",
        remedy: "install the engine, whose package makes it, or name another with -container-group")
    }
    return Finding(.ready, "container group", "\(name)" + (name == "\(group)" ? "" : ", \(group)"))
  }

  /// Asks the engine itself, as the user and with the group that will use its socket.
  private static func engine(_ tool: ContainerTool, _ options: Settings) -> Finding {
    let socket = options.containerSocket
    let remedy =
      "start the engine, name its socket with -container-socket, and the socket's group with -container-group"
    guard access(socket, F_OK) == 0 else {
      return Finding(.missing, "container engine", "no socket \(socket)", remedy: remedy)
    }
    guard access(socket, W_OK) == 0 else {
      return Finding(
        .missing, "container engine", "user \(geteuid()) may not use \(socket), also not with that group",
        remedy: remedy)
    }
    guard let version = firstLine(tool, ContainerTool.connection(to: socket) + ContainerTool.versionQuery) else {
      return Finding(.missing, "container engine", "at \(socket) no engine answers", remedy: remedy)
    }
    return Finding(.ready, "container engine", "version \(version) at \(socket)")
  }

  private static func firstLine(_ tool: ContainerTool, _ arguments: [String]) -> String? {
    ProgramOutput.of(tool.path, arguments, isQuiet: true)?.split(separator: "\n").first.map { String($0) }
  }
}
