import Foundation
import Testing

/// A dockerd of a test's own: in a network namespace without interfaces, or a node's, with its own folder, socket and
/// group, so that neither an engine of this machine nor its network is touched. Or a service of podman in its place.
final class ContainerHost {
  enum Engine {
    case docker
    case podman
  }

  /// What the engine keeps images and containers in.
  enum Storage {
    /// The file system of /tmp.
    case folder
    /// One that overlays cannot limit within.
    case memory
    /// One that limits each of its own subvolumes.
    case btrfs
  }

  /// A group that exists nowhere but in the kernel.
  static let group: gid_t = 61005
  static let image = "launcher-test:1"
  static let docker = "/usr/bin/docker"
  private static let dockerd = "/usr/sbin/dockerd"
  private static let podman = "/usr/bin/podman"

  let folder: String
  private let engine: Engine
  private let storage: Storage
  private let liveRestore: Bool
  /// The network namespace that it is in; nil: one of its own.
  private var network: String?
  var daemon: ChildProcess?
  private var registry: ContainerRegistry?
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
    _ engine: Engine = .docker, storage: Storage = .folder, liveRestore: Bool = false,
    _ test: (ContainerHost) async throws -> Void
  ) async throws {
    let host = try ContainerHost(engine, storage, liveRestore: liveRestore)
    do {
      try host.makeStorage()
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
    _ engine: Engine = .docker, storage: Storage = .folder, liveRestore: Bool = false,
    arguments: [String: String] = [:],
    isDebugBuild: Bool = false,
    _ test: (ContainerHost, Node) async throws -> Void
  ) async throws {
    try await run(engine, storage: storage, liveRestore: liveRestore) { host in
      var options = Node.Options(host.arguments.merging(arguments) { $1 })
      options.isDebugBuild = isDebugBuild
      try await Node.run(options) { try await test(host, $0) }
    }
  }

  /// Runs `test` with a compute node and a dockerd in its network. The engine comes when launcher is there already.
  static func runComputeNode(
    arguments: [String: String] = [:], isDebugBuild: Bool = false, _ test: (ContainerHost, Node) async throws -> Void
  ) async throws {
    let host = try ContainerHost(.docker, .folder, liveRestore: false)
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

  private init(_ engine: Engine, _ storage: Storage, liveRestore: Bool) throws {
    self.engine = engine
    self.storage = storage
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

  /// Mounts what is unmounted at the end.
  private func makeStorage() throws {
    let data = "\(folder)/data"
    if storage != .folder { try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true) }
    switch storage {
    case .folder: break
    case .memory: try ChildProcess.run(["/usr/bin/mount", "-t", "tmpfs", "tmpfs", data])
    case .btrfs:
      let disk = "\(folder)/btrfs.img"
      try ChildProcess.run(["/usr/bin/truncate", "--size", "512M", disk])
      try ChildProcess.run(["/usr/sbin/mkfs.btrfs", "--quiet", disk])
      try ChildProcess.run(["/usr/bin/mount", "-o", "loop", disk, data])
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
      "--live-restore=\(liveRestore)", "--storage-driver", storage == .btrfs ? "btrfs" : "overlay2",
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

  /// Starts a registry that has the layer of that image, under every name.
  func startRegistry() async throws {
    guard let daemon else { throw HarnessError("a registry without an engine") }
    registry = try await ContainerRegistry(layer: "\(folder)/image.tar", engine: daemon.pid, folder: folder)
  }

  func stopRegistry() async throws {
    try await registry?.stop()
    registry = nil
  }

  private func tearDown() async throws {
    try await stopRegistry()
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
  static func controlGroups() -> Set<String> {
    let root = "/sys/fs/cgroup"
    let hierarchies =
      [root] + ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).map { "\(root)/\($0)" }
    let names = ["docker", "libpod_parent"]
    return Set(
      hierarchies.flatMap { hierarchy in names.map { "\(hierarchy)/\($0)" } }
        .filter { FileManager.default.fileExists(atPath: $0) })
  }
}
