import Foundation

/// What befalls launcher, its machines, its server and its disk.
extension Soak.Run {
  /// Kills a machine: of `first`, or of the next instance that has one.
  func crash(_ first: Int) async throws {
    guard !kind.isSimulated else { return }
    let count = Soak.Schedule.instances
    for instance in (0..<count).map({ uuid((first + $0) % count) }) {
      guard let machine = node.machines(instance).first else { continue }
      return try await kill(machine, of: instance)
    }
  }

  private func kill(_ machine: pid_t, of instance: String) async throws {
    Foundation.kill(machine, SIGKILL)
    // launcher-vmm can know of it now.
    try await wait("the machine of \(instance) to end") { Self.hasEnded(machine) }
    histories[instance]?.add(.crash)
    totals.crashes += 1
  }

  /// It is gone, or waits to be reaped, without any thread: it has no arguments before that.
  private static func hasEnded(_ pid: pid_t) -> Bool {
    guard let status = try? ProcessTable.status(of: pid), let state = status["State"] else { return true }
    let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
    return state.hasPrefix("Z") && threads?.count ?? 0 <= 1
  }

  private func find(_ victim: Soak.Victim) -> pid_t? {
    func child(of parent: pid_t?, named name: String) -> pid_t? {
      parent.flatMap { ProcessTable.children(of: $0).first { ProcessTable.stat(of: $0)?.name == name } }
    }
    return switch victim {
    case .net: node.find(.net)
    case .vmm: node.find(.vmm)
    case .stats: node.find(.stats)
    case .resolver: child(of: node.find(.net), named: "net-resolver")
    case .spawner, .observer, .network: child(of: node.find(.vmm), named: "vmm-\(victim.rawValue)")
    }
  }

  /// Kills a process, and waits for the end of the one that launcher then starts anew.
  func kill(_ victim: Soak.Victim) async throws {
    // A simulation's launcher-vmm has no children.
    let victim = kind.isSimulated && victim.endsVMM ? .vmm : victim
    if victim.endsNet { try await connect() }
    var found: (victim: pid_t, process: pid_t)?
    try await wait("\(victim.rawValue) to be there") {
      let process = victim.endsNet ? node.find(.net) : victim.endsVMM ? node.find(.vmm) : node.find(.stats)
      found = find(victim).flatMap { pid in process.map { (pid, $0) } }
      return found != nil
    }
    guard let found else { return }
    let clients = liveClients
    Foundation.kill(found.victim, SIGKILL)
    // launcher-net finds its resolver gone when it needs it.
    if victim == .resolver { try node.peer.do(["do": "drop"]) }
    try await wait("\(victim.rawValue) to end and its process with it") { Self.hasEnded(found.process) }
    if victim.endsNet {
      try await wait("the connection to end") { liveClients.isDisjoint(with: clients) }
      addToAll(.netEnded)
    }
    if victim.endsVMM { addToAll(.vmmEnded) }
    totals.kills[victim, default: 0] += 1
  }

  func restartLauncher(_ inOrder: Bool) async throws {
    try await connect()
    let clients = liveClients
    if inOrder { try await node.stopLauncher() } else { try await node.killLauncher() }
    try await wait("launcher's processes to end") { node.launcherProcesses.isEmpty }
    try await wait("the connection to end") { liveClients.isDisjoint(with: clients) }
    addToAll(.netEnded)
    addToAll(.vmmEnded)
    totals.restarts += 1
    try await node.startLauncher()
  }

  func disconnect(_ inOrder: Bool, _ refusing: Bool) async throws {
    try await connect()
    let clients = liveClients
    if refusing { try node.peer.do(["do": "refuse", "with": "ConnectionFailure"]) }
    isRefusing = refusing
    try node.peer.do(["do": inOrder ? "close" : "drop"])
    try await wait("the connection to end") { liveClients.isDisjoint(with: clients) }
    addToAll(.disconnected)
    totals.disconnections += 1
  }

  func replaceServer() async throws {
    let old = node.peer!
    try await node.replacePeer()
    try turn(from: old)
    addToAll(.disconnected)
    totals.disconnections += 1
  }

  // MARK: disks

  private var balloon: String { "\(node.instances)/.balloon" }

  /// Writes until there is no room.
  func fillDisk() {
    for uuid in histories.keys { histories[uuid]?.isDiskFull = true }
    totals.fullDisks += 1
    let file = open(balloon, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer { close(file) }
    for size in [65_536, 4096, 1] {
      let bytes = [UInt8](repeating: 0, count: size)
      while write(file, bytes, size) > 0 {}
    }
  }

  func emptyDisk() { unlink(balloon) }
}
