import Foundation
import Testing

/// A dockerd of a test's own: in a network namespace without interfaces, or a node's, with its own folder, socket and
/// group, so that neither an engine of this machine nor its network is touched. Or a service of podman in its place.
final class ContainerHost {
  enum Engine {
    case docker
    case podman
  }

  /// A group that exists nowhere but in the kernel.
  static let group: gid_t = 61005
  static let image = "launcher-test:1"
  static let docker = "/usr/bin/docker"
  private static let dockerd = "/usr/sbin/dockerd"
  private static let podman = "/usr/bin/podman"

  let folder: String
  private let engine: Engine
  private let liveRestore: Bool
  /// The network namespace that it is in; nil: one of its own.
  private var network: String?
  private var daemon: ChildProcess?
  private let sweeper: Sweeper
  /// Those of an engine that this machine has.
  private let controlGroupsBefore = ContainerHost.controlGroups()

  var socket: String { "\(folder)/docker.sock" }

  /// What launcher is given to use it.
  var arguments: [String: String] {
    [
      "containers": "true", "container-tool": Self.docker, "container-socket": socket,
      "container-group": "\(Self.group)",
    ]
  }

  /// Runs `test` with a dockerd that has a small image.
  static func run(
    _ engine: Engine = .docker, liveRestore: Bool = false, _ test: (ContainerHost) async throws -> Void
  ) async throws {
    let host = try ContainerHost(engine, liveRestore: liveRestore)
    do {
      try await host.start()
      try host.makeImage()
      try await test(host)
    } catch {
      try await host.tearDown()
      throw error
    }
    try await host.tearDown()
  }

  /// Runs `test` with a dockerd and a node that uses it.
  static func runNode(
    _ engine: Engine = .docker, liveRestore: Bool = false, arguments: [String: String] = [:],
    isDebugBuild: Bool = false,
    _ test: (ContainerHost, Node) async throws -> Void
  ) async throws {
    try await run(engine, liveRestore: liveRestore) { host in
      var options = Node.Options(host.arguments.merging(arguments) { $1 })
      options.isDebugBuild = isDebugBuild
      try await Node.run(options) { try await test(host, $0) }
    }
  }

  /// Runs `test` with a compute node and a dockerd in its network. The engine comes when launcher is there already.
  static func runComputeNode(
    arguments: [String: String] = [:], isDebugBuild: Bool = false, _ test: (ContainerHost, Node) async throws -> Void
  ) async throws {
    let host = try ContainerHost(.docker, liveRestore: false)
    do {
      var options = Node.Options(.cn, host.arguments.merging(arguments) { $1 })
      options.isDebugBuild = isDebugBuild
      try await Node.run(options) { node in
        host.network = node.network
        try await host.start()
        try host.makeImage()
        try await node.wait("launcher to follow the engine") { host.isFollowed }
        try await test(host, node)
      }
    } catch {
      try await host.tearDown()
      throw error
    }
    try await host.tearDown()
  }

  /// launcher follows its events.
  var isFollowed: Bool {
    ProcessTable.mentioning(socket).contains { ProcessTable.arguments(of: $0).contains("events") }
  }

  private init(_ engine: Engine, liveRestore: Bool) throws {
    self.engine = engine
    self.liveRestore = liveRestore
    var template = Array("/tmp/launcher-engine-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw HarnessError("make a folder in /tmp") }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    chmod(folder, 0o755)
    sweeper = try Sweeper(of: folder)
    for program in [Self.docker, engine == .docker ? Self.dockerd : Self.podman] {
      guard access(program, X_OK) == 0 else {
        throw HarnessError("\(program) is missing; run: scripts/install-dependencies container")
      }
    }
  }

  /// Starts the engine and waits until it answers.
  func start() async throws {
    let log = open("\(folder)/dockerd.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer { close(log) }
    let daemon = try ChildProcess(try engine == .docker ? dockerCommand() : podmanCommand(), output: log)
    self.daemon = daemon
    let answers = try await eventually { daemon.hasEnded || (try? docker("version")) != nil }
    guard answers, !daemon.hasEnded else { throw HarnessError("the engine does not answer: \(self.log)") }
    if engine == .podman {
      guard chown(socket, 0, Self.group) == 0, chmod(socket, 0o660) == 0 else {
        throw HarnessError("give \(socket) a group")
      }
    }
  }

  private func dockerCommand() throws -> [String] {
    try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(folder)/daemon.json"))
    // `ip netns exec` would hide the control groups from it.
    let into = network.map { ["/usr/bin/nsenter", "--net=/run/netns/\($0)"] } ?? ["/usr/bin/unshare", "--net"]
    return into + [
      "--", Self.dockerd, "--config-file", "\(folder)/daemon.json", "--data-root",
      "\(folder)/data", "--exec-root", "\(folder)/exec", "--pidfile", "\(folder)/pid", "--host", "unix://\(socket)",
      "--group", "\(Self.group)", "--iptables=false", "--ip6tables=false", "--bridge=none",
      "--live-restore=\(liveRestore)",
    ]
  }

  /// Locks, caches and states that podman keeps in places of the whole machine are in file systems of its own.
  private func podmanCommand() throws -> [String] {
    let configuration = "\(folder)/containers.conf"
    // Podman's own are more than the limits that it may have itself.
    try Data("[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n".utf8).write(
      to: URL(fileURLWithPath: configuration))
    let mounts = ["/run", "/var/lib", "/dev/shm"].map { "mount -t tmpfs tmpfs \($0) && " }.joined()
    return [
      "/usr/bin/unshare", "--net", "--mount", "--", "/usr/bin/env", "CONTAINERS_CONF=\(configuration)", "/bin/sh", "-c",
      mounts + #"exec "$@""#, "podman", Self.podman, "--root", "\(folder)/data", "--runroot", "\(folder)/exec",
      "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "/usr/sbin/runc", "--events-backend",
      "file", "system", "service", "--time=0", "unix://\(socket)",
    ]
  }

  private var log: String { (try? String(contentsOfFile: "\(folder)/dockerd.log", encoding: .utf8)) ?? "" }

  func signal(_ number: Int32) { daemon?.signal(number) }

  /// Ends dockerd in good order, and waits for its end.
  func stop() async throws {
    guard let daemon else { return }
    daemon.signal(SIGTERM)
    guard try await eventually({ daemon.hasEnded }) else { throw HarnessError("dockerd does not end: \(log)") }
    self.daemon = nil
  }

  /// Runs docker's command line on this engine; podman's service understands it too.
  @discardableResult
  func docker(_ arguments: String...) throws -> String {
    try ChildProcess.run([Self.docker, "--host", "unix://\(socket)"] + arguments)
  }

  /// An image that has busybox and nothing else, whose own command sleeps.
  private func makeImage() throws {
    let root = "\(folder)/root"
    try FileManager.default.createDirectory(atPath: "\(root)/bin", withIntermediateDirectories: true)
    try FileManager.default.createDirectory(atPath: "\(root)/tmp", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: "\(root)/bin/busybox")
    for name in ["sh", "sleep", "echo", "cat", "true", "false", "hostname", "dd", "id", "kill", "trap"] {
      try FileManager.default.createSymbolicLink(atPath: "\(root)/bin/\(name)", withDestinationPath: "busybox")
    }
    try ChildProcess.run(["/usr/bin/tar", "-C", root, "-cf", "\(folder)/image.tar", "."])
    try docker(
      "import", "--change",
      #"CMD ["/bin/sh", "-c", "trap 'exit 7' TERM; echo own; while :; do sleep 0.1; done"]"#,
      "\(folder)/image.tar", Self.image)
  }

  /// The names of all containers, of which those of `instance` alone where one is given.
  func containers(of instance: String? = nil) throws -> [String] {
    let filter = instance.map { "label=launcher.instance=\($0)" } ?? "label=launcher.node"
    return try docker("ps", "--all", "--format", "{{.Names}}", "--filter", filter).split(separator: "\n").map(
      String.init)
  }

  func running(_ instance: String) throws -> Bool {
    try !docker("ps", "--quiet", "--filter", "label=launcher.instance=\(instance)").isEmpty
  }

  /// Runs busybox in an instance's container.
  func execute(_ instance: String, _ arguments: String...) throws -> String { try execute(instance, arguments) }

  func execute(_ instance: String, _ arguments: [String]) throws -> String {
    guard let name = try containers(of: instance).first else { throw HarnessError("\(instance) has no container") }
    return try ChildProcess.run([Self.docker, "--host", "unix://\(socket)", "exec", name, "/bin/busybox"] + arguments)
  }

  /// The networks that launcher has made.
  func networks() throws -> [String] {
    try docker("network", "ls", "--format", "{{.Name}}", "--filter", "label=launcher.node").split(separator: "\n")
      .map(String.init)
  }

  /// A field of a container, by a template of docker's.
  func inspect(_ instance: String, _ template: String) throws -> String {
    guard let name = try containers(of: instance).first else { throw HarnessError("\(instance) has no container") }
    return try docker("inspect", "--format", template, name).trimmingCharacters(in: .newlines)
  }

  func logs(_ instance: String) throws -> String {
    guard let name = try containers(of: instance).first else { return "" }
    return try docker("logs", name)
  }

  private func tearDown() async throws {
    if let daemon, !daemon.hasEnded {
      signal(SIGCONT)
      let left = try docker("ps", "--all", "--quiet").split(separator: "\n").map(String.init)
      for container in left { try docker("rm", "--force", "--volumes", container) }
      try await stop()
    }
    for pid in ProcessTable.mentioning(folder) { kill(pid, SIGKILL) }
    let gone = try await eventually { ProcessTable.mentioning(folder).isEmpty }
    if !gone { Issue.record("processes \(ProcessTable.mentioning(folder)) of dockerd cannot be killed") }
    let mounts = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)
    for line in mounts.split(separator: "\n").reversed() {
      let fields = line.split(separator: " ")
      if fields.count > 1, fields[1].hasPrefix(folder) {
        try ChildProcess.run(["/usr/bin/umount", String(fields[1])])
      }
    }
    for group in Self.controlGroups().subtracting(controlGroupsBefore) {
      try ChildProcess.run(["/usr/bin/find", group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"])
    }
    try FileManager.default.removeItem(atPath: folder)
    try await sweeper.finish()
  }

  /// What engines leave, empty, in each hierarchy of control groups.
  private static func controlGroups() -> Set<String> {
    let root = "/sys/fs/cgroup"
    let hierarchies =
      [root] + ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).map { "\(root)/\($0)" }
    let names = ["docker", "libpod_parent"]
    return Set(
      hierarchies.flatMap { hierarchy in names.map { "\(hierarchy)/\($0)" } }
        .filter { FileManager.default.fileExists(atPath: $0) })
  }
}

/// A START payload of a container.
struct ContainerPayload {
  var instance = UUID().uuidString.lowercased()
  var image = ContainerHost.image
  /// An entry of runcmd, as YAML; nil: none.
  var command: String?
  var hostName: String?
  var vcpus = 1
  var memory = 64
  var diskMB: String?
  var tenant = "67d86208-000-4465-9018-fe14087d415f"
  /// Its place in its tenant's network, as keys and values.
  var networking: [String: String] = [:]

  /// A workload at `host` of the subnet 192.168.8.0/21.
  static func workload(host: Int, command: String? = Integration.ContainerLifeTests.obedient) -> ContainerPayload {
    var payload = ContainerPayload(command: command)
    payload.networking = StartPayload.workload(host: host).networking
    return payload
  }

  var text: String {
    var text = "#cloud-config\n" + (command.map { "runcmd: [\($0)]\n" } ?? "runcmd: []\n") + "---\n"
    text += """
      start:
        instance_uuid: \(instance)
        tenant_uuid: \(tenant)
        docker_image: "\(image)"
        vm_type: docker
        requested_resources:
          - type: vcpus
            value: \(vcpus)
          - type: mem_mb
            value: \(memory)

      """
    text += diskMB.map { "    - type: disk_mb\n      value: \($0)\n" } ?? ""
    text += networking.isEmpty ? "" : "  networking:\n"
    text += networking.sorted { $0.key < $1.key }.map { "    \($0.key): \($0.value)\n" }.joined()
    return text + (hostName.map { "---\n{\"hostname\": \"\($0)\"}\n" } ?? "")
  }
}

extension Node {
  /// Makes a container that runs.
  func startContainer(_ payload: ContainerPayload = ContainerPayload()) async throws -> String {
    try send("START", payload.text)
    try await state("active", of: payload.instance)
    return payload.instance
  }
}
