import Channel
import Instances

/// The command lines of the container tool.
///
/// Nothing from the wire can become an option: identifiers, image references and host names begin with a letter or digit,
/// and stand behind `--` or as the value within an option's own argument; a container's command comes behind its image,
/// where the tool reads no options any more.
struct ContainerCommandLine {
  static let nodeLabel = "launcher.node"
  static let instanceLabel = "launcher.instance"

  /// What a container may do as its root user; docker's default without raw sockets, device nodes, chroot, file
  /// capabilities and audit.
  static let capabilities = [
    "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID",
  ]
  /// Processes and threads of one container.
  static let maximumProcesses = 1024
  /// Of a container's output two files of this size are kept.
  static let logSize = "1m"
  static let logFiles = 2

  let socket: String
  let node: Identifier

  /// The container of an instance.
  func name(of instance: Identifier) -> String { "launcher-\(node)-\(instance)" }

  /// The network of containers above a bridge.
  func name(of bridge: TenantBridge) -> String { "launcher-\(node)-\(bridge)" }

  func arguments(for task: ContainerTask) -> [String] {
    ContainerTool.connection(to: socket) + command(for: task)
  }

  private func command(for task: ContainerTask) -> [String] {
    switch task {
    case .version: ContainerTool.versionQuery
    case .image(let image): ["image", "inspect", "--format", "{{.Id}}", "--", image.text]
    case .pull(let image): ["pull", "--", image.text]
    case .create(let spec, let bridge, let limitingDisk): create(spec, bridge, limitingDisk)
    case .start(let instance): ["start", "--", name(of: instance)]
    case .stop(let instance, let grace): ["stop", "--time", "\(grace)", "--", name(of: instance)]
    case .kill(let instance): ["kill", "--", name(of: instance)]
    case .remove(let instance): ["rm", "--force", "--volumes", "--", name(of: instance)]
    case .inspect(let instance):
      ["inspect", "--type", "container", "--format", Self.inspection, "--", name(of: instance)]
    case .list: ["ps", "--all", "--no-trunc"] + ours + ["--format", Self.listing]
    case .sizes: ["ps", "--all", "--no-trunc", "--size"] + ours + ["--format", Self.sizing]
    case .events(let since): events(since)
    case .makeNetwork(let bridge, let subnet): network(above: bridge, subnet)
    case .removeNetwork(let bridge): ["network", "rm", "--", name(of: bridge)]
    case .networks: ["network", "ls"] + ours + ["--format", #"{"name":{{json .Name}}}"#]
    case .connect(let instance, let bridge, let ip):
      ["network", "connect", "--ip", "\(ip)", "--", name(of: bridge), name(of: instance)]
    case .disconnect(let instance, let bridge):
      ["network", "disconnect", "--force", "--", name(of: bridge), name(of: instance)]
    }
  }

  private var ours: [String] { ["--filter", "label=\(Self.nodeLabel)=\(node)"] }

  // MARK: create

  private func create(_ spec: InstanceSpec, _ bridge: TenantBridge?, _ limitingDisk: Bool) -> [String] {
    guard let container = spec.container else { return [] }
    var arguments = [
      "create", "--pull", "never", "--name", name(of: spec.instance),
      "--label", "\(Self.nodeLabel)=\(node)", "--label", "\(Self.instanceLabel)=\(spec.instance)",
      "--hostname", (container.hostName ?? HostName(spec.instance)).text,
      "--cpus", "\(spec.resources.vcpus)",
      "--memory", "\(spec.resources.memoryMB)m", "--memory-swap", "\(spec.resources.memoryMB)m",
      "--pids-limit", "\(Self.maximumProcesses)", "--restart", "no",
      "--security-opt", "no-new-privileges", "--cap-drop", "ALL",
    ]
    for capability in Self.capabilities { arguments += ["--cap-add", capability] }
    arguments += network(of: spec, bridge) + logging
    if limitingDisk, let disk = spec.resources.diskMB { arguments += ["--storage-opt", "size=\(disk * 1_000_000)"] }
    return arguments + ["--", container.image.text] + (container.command?.words ?? [])
  }

  /// Where a container's network is decided.
  private func network(of spec: InstanceSpec, _ bridge: TenantBridge?) -> [String] {
    guard let bridge, let ip = spec.network.privateIP, let mac = spec.network.mac else { return ["--network", "none"] }
    return ["--network", name(of: bridge), "--ip", "\(ip)", "--mac-address", "\(mac)"]
  }

  /// Each container gets an interface of its own above the bridge (macvlan): the engine leaves the node's addresses,
  /// routes and firewall as they are. Containers of a bridge reach each other directly.
  private func network(above bridge: TenantBridge, _ subnet: IPv4Subnet) -> [String] {
    [
      "network", "create", "--driver", "macvlan", "--opt", "parent=\(bridge)", "--subnet", "\(subnet)",
      "--gateway", "\(subnet.gateway)", "--label", "\(Self.nodeLabel)=\(node)", "--", name(of: bridge),
    ]
  }

  private var logging: [String] {
    ["--log-driver", "json-file", "--log-opt", "max-size=\(Self.logSize)", "--log-opt", "max-file=\(Self.logFiles)"]
  }

  // MARK: what is read

  // Templates name each field: what an image says in its labels is not ours to read, and has no bound.
  private static let inspection =
    #"{"id":{{json .Id}},"status":{{json .State.Status}},"#
    + #""running":{{json .State.Running}},"pid":{{json .State.Pid}},"exit":{{json .State.ExitCode}},"#
    + #""killed_for_memory":{{json .State.OOMKilled}},"#
    + #""mac":"{{range .NetworkSettings.Networks}}{{.MacAddress}}{{end}}"}"#
  private static let listing = #"{"instance":{{json (.Label "launcher.instance")}}}"#
  private static let sizing = #"{"instance":{{json (.Label "launcher.instance")}},"size":{{json .Size}}}"#

  private func events(_ since: UInt64) -> [String] {
    let format = #"{"event":{{json .Action}},"instance":{{json (index .Actor.Attributes "launcher.instance")}}}"#
    return ["events", "--since", "\(since)", "--filter", "type=container"] + ours
      // The last two are podman's words for an end and a removal.
      + ["start", "die", "destroy", "died", "remove"].flatMap { ["--filter", "event=\($0)"] } + ["--format", format]
  }
}
