import Foundation
import Testing

extension Soak {
  /// A node under a schedule, and what the model knows of it.
  final class Run {
    /// Seconds that anything may take to come about.
    static let deadline = 120.0
    private static let pause = Duration.milliseconds(50)

    let node: Node
    let kind: Kind
    let trace: (String) -> Void
    /// By UUID; "" for what names no instance.
    var histories: [String: History] = [:]
    /// What was told since the last rest, by UUID.
    var seen: [String: [Answer]] = [:]
    /// Events of tenants' subnets that were told since the last rest, by the tenants.
    var tenantEvents: [String: [String]] = [:]
    var lastStats: Frame?
    /// The last READY, FULL or MAINTENANCE.
    var status = ""
    private var nodeUUID = ""
    var totals = Totals()
    /// Connections that the server has, by its numbers.
    var liveClients: Set<Int> = []
    /// The server answers CONNECT with an error.
    var isRefusing = false
    private var eventsRead = 0
    private var framesRead = 0
    private var strangers = 0
    var baseline: Possessions?
    /// KiB of each process in memory, at most, when there was no instance: in the first clears, and ever.
    var memory: [String: Int] = [:]
    var peak: [String: Int] = [:]

    init(_ node: Node, _ kind: Kind, trace: @escaping (String) -> Void) {
      self.node = node
      self.kind = kind
      self.trace = trace
      for index in 0..<Schedule.instances {
        histories[uuid(index)] = newHistory()
        histories[uuid(index)]?.letsGo = letsGo(uuid(index))
      }
      histories[""] = newHistory()
    }

    /// What one run has done to the node.
    struct Totals {
      var steps = 0
      var commands = 0
      /// Those of them that are about a volume.
      var volumes = 0
      var kills: [Victim: Int] = [:]
      var restarts = 0
      var crashes = 0
      var disconnections = 0
      var fullDisks = 0
      var evacuations = 0
      var rests = 0
      var clears = 0
    }

    func uuid(_ instance: Int) -> String { "50ac0000-0000-4000-8000-00000000000\(instance)" }

    /// Of an instance of which nothing was heard since the last rest.
    private func newHistory() -> History {
      // In maintenance the node was then, or may have come to be since.
      var history = History(
        wasInMaintenance: histories[""]?.wasInMaintenance ?? false, isSimulated: kind.isSimulated)
      for event in histories[""]?.events ?? [] where event.concernsNode { history.add(event) }
      return history
    }

    private func nextStranger() -> String {
      strangers += 1
      return "50ac0000-0000-4000-8000-1" + String(String(strangers + 100_000_000_000).dropFirst())
    }

    // MARK: what the server sees

    /// Takes in what the server has reported since.
    func look() throws {
      try look(at: node.peer)
    }

    /// Takes in the last words of a server that has ended, and begins with its successor.
    func turn(from old: Peer) throws {
      try look(at: old)
      (eventsRead, framesRead, liveClients, lastStats) = (0, 0, [], nil)
    }

    private func look(at peer: Peer) throws {
      try peer.read()
      for event in peer.events[eventsRead...] {
        guard let client = event.client else { continue }
        switch event.event {
        case "connected":
          liveClients.insert(client)
          nodeUUID = event.uuid ?? ""
        case "disconnected": liveClients.remove(client)
        case "violation": throw HarnessError("launcher did what SSNTP forbids: \(event.text ?? "")")
        default: break
        }
      }
      eventsRead = peer.events.count
      for frame in peer.frames[framesRead...] { take(frame) }
      framesRead = peer.frames.count
    }

    private func take(_ frame: Frame) {
      if frame.isStats { lastStats = frame }
      if frame.isStatus { status = frame.operand }
      if frame.operand.hasPrefix("Tenant") {
        tenantEvents[frame["tenant_uuid"] ?? "", default: []].append(frame.operand)
      }
      guard frame.type == "ERROR" || ["InstanceDeleted", "InstanceStopped"].contains(frame.operand) else { return }
      let instance = frame["instance_uuid"] ?? ""
      let volume = frame["volume_uuid"].map { name(ofVolume: $0, of: instance) }
      let answer = Answer(operand: frame.operand, reason: frame["reason"] ?? "", volume: volume ?? "")
      seen[instance, default: []].append(answer)
    }

    /// Waits until `condition` holds, and looks at what the server sees before each time.
    func wait(_ what: String, until condition: () throws -> Bool) async throws {
      let came = try await eventually(within: Self.deadline, every: Self.pause) {
        try look()
        return try condition()
      }
      guard came else { throw node.trouble("waited \(Int(Self.deadline)) s for \(what)") }
    }

    /// Lets launcher connect, and waits until it has.
    func connect() async throws {
      if isRefusing { try node.peer.do(["do": "refuse", "with": ""]) }
      isRefusing = false
      try await wait("a connection") { !liveClients.isEmpty }
    }

    // MARK: steps

    func carryOut(_ step: Step) async throws {
      totals.steps += 1
      trace("\(totals.steps): \(step)")
      try look()
      switch step {
      case .command(let command, let instance): try await send(command, uuid(instance))
      case .stranger(let command): try await send(command, Command.ofNone.contains(command) ? "" : nextStranger())
      case .flood(let commands): for (command, instance) in commands { try await send(command, uuid(instance)) }
      case .crash(let instance): try await crash(instance)
      case .kill(let victim): try await kill(victim)
      case .restartLauncher(let inOrder): try await restartLauncher(inOrder)
      case .disconnect(let inOrder, let refusing): try await disconnect(inOrder, refusing)
      case .replaceServer: try await replaceServer()
      case .fillDisk: fillDisk()
      case .evacuate:
        try await send("EVACUATE", .evacuate)
        totals.evacuations += 1
      case .restore: try await send("Restore", .restore)
      case .barrier: try await barrier()
      case .pause(let milliseconds): try await Task.sleep(for: .milliseconds(milliseconds))
      case .rest(let clearing): try await rest(clearing: clearing)
      }
    }

    func send(_ command: Command, _ instance: String) async throws {
      // Nothing of a simulation's fails to boot.
      let command = kind.isSimulated && command == .startOversized ? .start : command
      try await connect()
      if histories[instance] == nil { histories[instance] = newHistory() }
      histories[instance]?.add(.command(command))
      totals.commands += 1
      if command.change != nil { totals.volumes += 1 }
      switch command {
      case .start: try node.send("START", payload(of: instance).text)
      case .startOrRestart: try node.send("START", payload(of: instance).text + "  restart: true\n")
      case .startOversized: try node.send("START", payload(of: instance, memory: Self.oversize).text)
      case .startInVain:
        // Of a simulation the image is not asked for, but it has limits.
        let payload = payload(of: instance, memory: kind.isSimulated ? Self.oversize : 64, image: "absent")
        try node.send("START", payload.text)
      case .withdraw: try node.send("DELETE", "delete: {instance_uuid: \(instance), stop: true}")
      case .startWithOwn, .startWithShared:
        var payload = payload(of: instance)
        payload.storage = "[{id: \(volume(command.storage.first!, of: instance))}]"
        try node.send("START", payload.text)
      case .attachOwn, .attachSecond, .attachShared, .attachMissing, .detachOwn, .detachSecond, .detachShared,
        .detachMissing:
        try send(command.change!, instance)
      case .stop, .restart, .delete: try node.send(command.rawValue.uppercased(), of: instance)
      case .badStart: try node.send("START", "start: [")
      case .badStop: try node.send("STOP", "stop: [")
      case .badRestart: try node.send("RESTART", "restart: [")
      case .badDelete: try node.send("DELETE", "delete: [")
      case .emptyStart: try node.send("START", "start: {}")
      case .emptyStop: try node.send("STOP", "stop: {}")
      case .emptyRestart: try node.send("RESTART", "restart: {}")
      case .emptyDelete: try node.send("DELETE", "delete: {}")
      case .badAttach: try node.send("AttachVolume", "attach_volume: [")
      case .badDetach: try node.send("DetachVolume", "detach_volume: [")
      case .emptyAttach: try node.send("AttachVolume", "attach_volume: {}")
      case .emptyDetach: try node.send("DetachVolume", "detach_volume: {}")
      case .unknownFrame: try node.peer.do(["do": "send", "type": 9, "operand": 1, "payload": "what"])
      }
    }

    private func send(_ change: VolumeChange, _ instance: String) throws {
      let operand = change.operand
      try node.send(operand, node.payload(operand, instance, volume(change.volume, of: instance), agent: nodeUUID))
    }

    /// Sends what concerns the node.
    func send(_ operand: String, _ event: History.Event) async throws {
      try await connect()
      addToAll(event)
      try node.send(operand, "\(operand.lowercased()):\n  workload_agent_uuid: \(nodeUUID)\n")
    }

    /// MiB that no machine can have.
    private static let oversize = 16_000_000

    func payload(of instance: String, memory: Int = 64, image: String? = nil) -> StartPayload {
      let number = Int(instance.suffix(1)) ?? 0
      // Two tenants' subnets; on a node without networks their places count for nothing.
      var payload = StartPayload.workload(host: 2 + number)
      if number.isMultiple(of: 2) {
        payload.tenant = Self.otherTenant
        payload.networking["subnet"] = "192.168.16.0/21"
        payload.networking["private_ip"] = "192.168.16.\(2 + number)"
      }
      payload.instance = instance
      payload.memory = memory
      payload.image = image ?? (letsGo(instance) ? Self.lettingGo : Node.blankImage)
      return payload
    }

    func addToAll(_ event: History.Event) {
      for uuid in histories.keys { histories[uuid]?.add(event) }
    }

    private func barrier() async throws {
      try await settle()
      addToAll(.barrier)
    }

    /// Returns when everything that was sent before is in launcher-vmm's hands.
    func settle() async throws {
      let stranger = nextStranger()
      try await send(.stop, stranger)
      try await wait("the answer to a barrier") { seen[stranger] != nil }
    }
  }
}
