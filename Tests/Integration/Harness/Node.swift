import Foundation
import Instances
import Testing

/// A compute node of its own: launcher as root with users by number, a folder, a scheduler to talk to.
///
/// `Node.run` starts it, hands it to a test, stops whatever is left of it, and reports what it should not have left.
final class Node {
  struct Options {
    /// What launcher is given beside the folders, users and certificates.
    var arguments: [String: String] = [
      "max-vm": "32", "stats-interval": "200ms", "stop-grace": "0s", "qemu-virtualisation": "software", "v": "1",
      "logtostderr": "true",
    ]
    /// The scheduler's host: a name makes launcher-net resolve it.
    var server = "127.0.0.1"
    /// The scheduler's own options.
    var peer: [String] = []
    /// Run the debug binaries, not the release.
    var isDebugBuild = false
    /// Programs that others take the place of, by the names of both.
    var standIns: [String: String] = [:]
    /// What stand-ins find beside themselves, by the names of files.
    var filesBesidePrograms: [String: String] = [:]

    /// Scheduler and launcher share a network namespace of their own, in which loopback can be taken down.
    var hasOwnNetwork = false

    /// It has a folder of volumes.
    var hasVolumes = false

    /// It has a /etc/ceph of its own.
    var hasCeph = false

    /// What the node is in tenants' networks: then it has an interface in that namespace, and the certificate for it.
    var network: NodeNetwork = .none

    /// A node with a part in tenants' networks. VXLAN: not every kernel has GRE.
    init(_ network: NodeNetwork, _ arguments: [String: String] = [:]) {
      self.init(
        ["network": network.rawValue, "tunnel": "vxlan", "compute-net": Node.computeSubnet].merging(arguments) { $1 },
        hasOwnNetwork: true)
      self.network = network
    }

    init(_ arguments: [String: String] = [:], server: String = "127.0.0.1", hasOwnNetwork: Bool = false) {
      self.arguments.merge(arguments) { $1 }
      self.server = server
      self.hasOwnNetwork = hasOwnNetwork
    }
  }

  /// Users that exist nowhere but in the kernel; launcher-vmm's has a supplementary group.
  static let netUser: uid_t = 61001
  static let vmmUser: uid_t = 61002
  static let statsUser: uid_t = 61003
  static let vmmGroup: gid_t = 61004
  /// The image in the documented payloads 1 and 3, and in those of these tests.
  static let image = "b286cd45-7d0c-4525-a140-4db6c95e41fa"
  /// The image in the documented payload 2.
  static let efiImage = "clear-1ff6bf3883708a56446d863f20c810c99b3aea6f"

  /// An image without a system: its machine does nothing, at no cost, and does not heed the power button.
  static let blankImage = "b1a4c"
  private static let blankSize = 1_048_576

  let surroundings: Surroundings
  let options: Options
  /// Everything of this node is below it; its name is in the arguments of every process.
  let folder: String
  private(set) var peer: Peer!
  private(set) var port = 0
  private var launcher: ChildProcess?
  /// What launcher finds in its environment beside this process's own; its display is never this process's.
  var environment: [String: String] = [:]
  private var mounts: [String] = []
  private var madeSystemCeph = false
  private let sweeper: Sweeper

  /// The folder of the programs.
  var binaries: String { options.standIns.isEmpty ? surroundings.binaries : "\(folder)/programs" }
  var stateFolder: String { "\(folder)/state" }
  var images: String { "\(stateFolder)/images" }
  var instances: String { "\(stateFolder)/instances" }
  var volumes: String { "\(folder)/volumes" }
  var rendezvous: String { "\(folder)/rendezvous" }
  var logFile: String { "\(folder)/launcher.log" }
  var certificates: String { "\(folder)/certificates" }

  /// Runs `test` on a node that is connected to its scheduler, unless `prepare` is to do something before the start.
  static func run(
    _ options: Options = Options(), prepare: (Node) throws -> Void = { _ in }, _ test: (Node) async throws -> Void
  ) async throws {
    let node = try Node(options)
    do {
      try prepare(node)
      try await node.start()
      try await test(node)
    } catch {
      try await node.tearDown()
      throw error
    }
    try await node.tearDown()
  }

  private init(_ options: Options) throws {
    surroundings = try Surroundings()
    self.options = options
    var template = Array("/tmp/launcher-node-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw HarnessError("make a folder in /tmp") }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    sweeper = try Sweeper(of: folder)
    chmod(folder, 0o755)
    try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
    for name in [Self.image, Self.efiImage] { try addImage(name) }
    try addImage(Self.blankImage, Data(count: Self.blankSize))
    if !options.standIns.isEmpty { try layOutPrograms() }
    if options.hasVolumes {
      try FileManager.default.createDirectory(atPath: volumes, withIntermediateDirectories: false)
      chown(volumes, Self.vmmUser, Self.vmmUser)
    }
    if options.hasCeph {
      try FileManager.default.createDirectory(atPath: ceph, withIntermediateDirectories: false)
      madeSystemCeph = Self.makeSystemCeph()
    }
  }

  private func layOutPrograms() throws {
    try FileManager.default.createDirectory(atPath: binaries, withIntermediateDirectories: true)
    for name in ["launcher", "launcher-net", "launcher-vmm", "launcher-stats", "launcher-audit"] {
      try FileManager.default.copyItem(
        atPath: "\(surroundings.binaries)/\(options.standIns[name] ?? name)", toPath: "\(binaries)/\(name)")
    }
    for (name, text) in options.filesBesidePrograms {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(binaries)/\(name)"))
    }
  }

  /// Puts the guest's disk into the images folder, without a copy where that is possible.
  func addImage(_ name: String) throws {
    if link(surroundings.guestImage, "\(images)/\(name)") == 0 { return }
    try FileManager.default.copyItem(atPath: surroundings.guestImage, toPath: "\(images)/\(name)")
  }

  func addImage(_ name: String, _ content: Data) throws {
    try content.write(to: URL(fileURLWithPath: "\(images)/\(name)"))
    chmod("\(images)/\(name)", 0o644)
  }

  private func start() async throws {
    try ChildProcess.run([surroundings.peer, "certs", certificates])
    if let network {
      try ChildProcess.run([Self.ip, "netns", "add", network])
      try setLoopback(up: true)
      if options.network != .none { try makeComputeInterface(in: network) }
    }
    peer = try Peer(surroundings.peer, certificates: certificates, folder: folder, through: inNetwork, options.peer)
    port = try await peer.port()
    try await startLauncher()
  }

  static let ip = "/usr/sbin/ip"

  /// The name of the node's own network namespace, if it has one.
  var network: String? { options.hasOwnNetwork ? String(folder.split(separator: "/").last ?? "") : nil }

  /// The command that executes a program in it.
  var inNetwork: [String] { network.map { [Self.ip, "netns", "exec", $0] } ?? [] }

  /// Takes loopback of the node's own network up or down: what is sent while it is down is lost.
  func setLoopback(up: Bool) throws {
    guard let network else { throw HarnessError("the node has no network of its own") }
    try ChildProcess.run([Self.ip, "-n", network, "link", "set", "lo", up ? "up" : "down"])
  }

  /// Kills the scheduler and starts another at the same place.
  func replacePeer() async throws {
    peer.kill()
    peer = try Peer(
      surroundings.peer, certificates: certificates, folder: folder, port: port, through: inNetwork, options.peer)
    _ = try await peer.port()
  }

  // MARK: launcher

  /// Starts the front end and waits for its next connection to the scheduler. `wrapper` is a command that executes it, `more`
  /// are arguments behind the usual ones.
  func startLauncher(through wrapper: [String] = [], more: [String] = []) async throws {
    let before = connections
    launcher = try spawnLauncher(through: wrapper, more, output: logFile)
    try await wait("launcher to connect") { connections > before }
  }

  /// Runs the front end, with `arguments` behind its usual ones, to its own end.
  func runLauncher(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let output = "\(folder)/run-\(UUID().uuidString).log"
    let status = try spawnLauncher(through: [], arguments, output: output).waitForEnd()
    return (status, try String(contentsOfFile: output, encoding: .utf8))
  }

  private func spawnLauncher(through wrapper: [String], _ more: [String], output: String) throws -> ChildProcess {
    let log = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer { close(log) }
    let users = [
      "-net-user=\(Self.netUser):\(Self.netUser)", "-vmm-user=\(Self.vmmUser):\(Self.vmmUser):\(Self.vmmGroup)",
      "-stats-user=\(Self.statsUser):\(Self.statsUser)",
    ]
    let places = [
      "-state-dir=\(stateFolder)", "-rendezvous=\(rendezvous)", "-server=\(options.server):\(port)",
      "-cacert=\(certificates)/ca.pem",
      "-cert=\(certificates)/\(options.network == .nn ? "netagent" : "agent").pem",
    ]
    return try ChildProcess(
      inNetwork + tunAccess + cephAccess + wrapper + ["/usr/bin/env", "-u", "DISPLAY"]
        + environment.map { "\($0.key)=\($0.value)" } + [
          "\(options.isDebugBuild ? surroundings.debugBinaries : binaries)/launcher"
        ]
        + places
        + users
        + options.arguments.map { "-\($0.key)=\($0.value)" } + (options.hasVolumes ? ["-volumes=\(volumes)"] : [])
        + more,
      output: log)
  }

  /// Ends the front end by SIGTERM; gives its exit status.
  @discardableResult
  func stopLauncher() async throws -> Int32 {
    guard let launcher else { throw HarnessError("launcher was not started") }
    launcher.signal(SIGTERM)
    try await wait("launcher to stop") { launcher.hasEnded }
    self.launcher = nil
    return launcher.status ?? -1
  }

  /// Kills a process, and waits for the next one and for a node that is connected.
  func crash(_ role: Role) async throws {
    let killed = try pid(of: role)
    let before = connections
    Foundation.kill(killed, SIGKILL)
    // launcher-net finds its resolver gone when it needs it.
    if role == .resolver { try peer.do(["do": "drop"]) }
    try await wait("\(role.rawValue) to come back") { find(role).map { $0 != killed } ?? false }
    guard role == .net || role == .resolver else { return }
    try await wait("the node to connect again") { connections > before }
  }

  /// Ends the front end as a crash does.
  func killLauncher() async throws {
    guard let launcher else { throw HarnessError("launcher was not started") }
    launcher.signal(SIGKILL)
    try await wait("launcher to be killed") { launcher.hasEnded }
    self.launcher = nil
  }

  enum Role: String, CaseIterable {
    case net = "launcher-net"
    case resolver = "launcher-net (resolver)"
    case vmm = "launcher-vmm"
    case spawner = "launcher-vmm (spawner)"
    case stats = "launcher-stats"
  }

  /// The process of a role; nil while there is none.
  func find(_ role: Role) -> pid_t? {
    func child(of parent: pid_t?, named name: String) -> pid_t? {
      parent.flatMap { ProcessTable.children(of: $0).first { ProcessTable.stat(of: $0)?.name == name } }
    }
    return switch role {
    case .net, .vmm, .stats: child(of: launcher?.pid, named: role.rawValue)
    case .resolver: child(of: find(.net), named: "net-resolver")
    case .spawner: child(of: find(.vmm), named: "vmm-spawner")
    }
  }

  func frontEnd() throws -> pid_t {
    guard let launcher else { throw trouble("launcher does not run") }
    return launcher.pid
  }

  func pid(of role: Role) throws -> pid_t {
    guard let pid = find(role) else { throw trouble("\(role.rawValue) does not run") }
    return pid
  }

  /// All processes of this node that are launcher's own.
  var launcherProcesses: [pid_t] {
    ProcessTable.mentioning(stateFolder).filter { ProcessTable.arguments(of: $0).first?.contains("launcher") ?? false }
  }

  /// The processes of an instance's machine: one if it runs.
  func machines(_ instance: String) -> [pid_t] {
    ProcessTable.mentioning("\(instances)/\(instance)/").filter {
      ProcessTable.arguments(of: $0).first?.hasSuffix("qemu-system-x86_64") ?? false
    }
  }

  func machine(_ instance: String) throws -> pid_t {
    let found = machines(instance)
    guard found.count == 1 else { throw trouble("\(found.count) machines of \(instance) run") }
    return found[0]
  }

  // MARK: files

  /// The names of everything below the state folder, but for logs of machines, whose time a machine decides.
  var files: Set<String> {
    let all = FileManager.default.subpaths(atPath: stateFolder) ?? []
    return Set(all.filter { !$0.hasSuffix("/console.log") && !$0.hasSuffix("/qemu.log") })
  }

  func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  func console(_ instance: String) -> String {
    FileManager.default.contents(atPath: "\(instances)/\(instance)/console.log").map {
      String(decoding: $0, as: UTF8.self)
    } ?? ""
  }

  var log: String {
    FileManager.default.contents(atPath: logFile).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// A file system of its own for the instances, of so many KiB.
  func limitInstances(to kilobytes: Int) throws {
    try FileManager.default.createDirectory(atPath: instances, withIntermediateDirectories: true)
    try ChildProcess.run(["/usr/bin/mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", instances])
    mounts.append(instances)
    chown(instances, Self.vmmUser, Self.vmmUser)
  }

  // MARK: waiting

  /// Waits until `condition` holds; what it waits for is told when that never comes.
  func wait(_ what: String, within seconds: Double = 60, until condition: () throws -> Bool) async throws {
    let came = try await eventually(within: seconds) {
      try peer?.read()
      return try condition()
    }
    guard came else { throw trouble("waited \(Int(seconds)) s for \(what)") }
  }

  /// The end of the log and of what the peer saw, with what went wrong.
  func trouble(_ what: String) -> HarnessError {
    let frames = peer?.frames.suffix(6).map { "  \($0.description.prefix(300))" } ?? []
    let lines = log.split(separator: "\n").suffix(30).map { "  \($0)" }
    return HarnessError(
      "\(what)\nlast frames:\n\(frames.joined(separator: "\n"))\nlog:\n\(lines.joined(separator: "\n"))")
  }

  // MARK: end

  /// Stops everything that is left of the node and reports what its own stop has left.
  private func tearDown() async throws {
    try peer?.read()
    if launcher != nil { try await stopLauncherAtAnyCost() }
    // Helpers of a process end when the kernel tells them that it has.
    _ = try await eventually(within: 20) { launcherProcesses.isEmpty }
    for pid in launcherProcesses {
      Issue.record("\(trouble("process \(pid) of launcher outlived it: \(ProcessTable.arguments(of: pid))"))")
    }
    try await peer?.stop()
    for event in peer?.events ?? [] where event.event == "violation" {
      // While its network was down, launcher could not tell the scheduler that it gave the old connection up.
      if options.hasOwnNetwork, event.text?.contains("is still connected") ?? false { continue }
      Issue.record("launcher did what SSNTP forbids: \(event.text ?? "")")
    }
    for pid in ProcessTable.mentioning(folder) { kill(pid, SIGKILL) }
    let gone = try await eventually { ProcessTable.mentioning(folder).isEmpty }
    if !gone { Issue.record("processes \(ProcessTable.mentioning(folder)) cannot be killed") }
    if let network { try ChildProcess.run([Self.ip, "netns", "delete", network]) }
    if madeSystemCeph { rmdir(Self.systemCeph) }
    for path in mounts { try ChildProcess.run(["/usr/bin/umount", path]) }
    try FileManager.default.removeItem(atPath: folder)
    try await sweeper.finish()
    let sockets = try String(contentsOfFile: "/proc/net/unix", encoding: .utf8)
    if sockets.contains(folder) { Issue.record("a socket in \(folder) is left") }
  }

  private func stopLauncherAtAnyCost() async throws {
    do {
      let status = try await stopLauncher()
      if status != 0 { Issue.record("\(trouble("launcher ended with wait status \(status)"))") }
    } catch {
      Issue.record("\(error)")
      try await killLauncher()
    }
  }
}
