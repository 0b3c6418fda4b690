import Foundation
import Testing

extension Integration {
  /// launcher-vmm of a compute node ends at each step of each command. It is held there (a stop point of the debug
  /// build), so that the step is the one that is meant, and then killed.
  @Suite struct CrashPointTests {
    struct Command: CustomTestStringConvertible {
      let name: String
      /// The instance before it: none, active or exited.
      let before: State
      let points: [String]

      enum State { case none, active, exited }
      var testDescription: String { name }
    }

    static let commands = [
      Command(
        name: "START", before: .none,
        points: [
          "staging-made", "config-drive-laid-out", "tools-ended", "state-written", "name-given", "created",
          "network-attached", "sockets-made", "machine-started", "machine-answered", "run-recorded",
        ]),
      Command(name: "STOP", before: .active, points: ["power-down-asked", "quit-asked", "machine-ended"]),
      Command(
        name: "RESTART", before: .exited,
        points: ["network-attached", "sockets-made", "machine-started", "machine-answered", "run-recorded"]),
      Command(
        name: "DELETE", before: .active,
        points: ["quit-asked", "machine-ended", "network-detached", "name-taken", "files-removed", "reported"]),
    ]

    private static var options: Node.Options {
      // A guest that ignores the power button: STOP asks, and then pulls the plug.
      var options = Node.Options(.cn, ["stop-grace": "1s"])
      options.isDebugBuild = true
      return options
    }

    @Test(arguments: commands)
    func `launcher-vmm killed at any step of a command carries it out in its next life`(command: Command) async throws {
      try await Node.run(Self.options) { node in
        for (index, point) in command.points.enumerated() {
          let payload = StartPayload.workload(host: 2)
          let instance = payload.instance
          try await prepare(payload, command.before, node)
          let mark = try node.mark
          kill(try await hold(node, at: point, of: command, payload), SIGKILL)
          switch command.name {
          case "START", "RESTART": try await node.state("active", of: instance)
          case "STOP": try await node.state("exited", of: instance)
          default: try await node.frame("InstanceDeleted", since: mark) { $0.isDeleted(instance) }
          }
          try await node.settle()
          try expectTenantEvents(node, since: mark, of: command, point)
          let told = node.frames(since: mark).filter {
            $0.type == "ERROR" || $0.type == "EVENT" && !$0.operand.hasPrefix("Tenant")
          }
          // The last is the answer to `settle`.
          #expect(told.count == (command.name == "DELETE" ? 2 : 1), "\(command.name) at \(point): \(told)")
          try expectConsistent(node, instance, command.name == "DELETE" ? nil : command.name != "STOP", point)
          if command.name != "DELETE" { try await node.delete(instance) }
          try await node.forgetEarlyEnds(after: index + 1)
        }
      }
    }

    @Test(arguments: commands)
    func `launcher killed at any step of a command leaves no instance or a whole one, and the wire says which`(
      command: Command
    ) async throws {
      try await Node.run(Self.options) { node in
        for point in command.points {
          let payload = StartPayload.workload(host: 2)
          let instance = payload.instance
          try await prepare(payload, command.before, node)
          let before = try node.mark
          _ = try await hold(node, at: point, of: command, payload)
          try await node.killLauncher()
          try await node.wait("launcher's processes to end") { node.launcherProcesses.isEmpty }
          let mark = try node.mark
          try await node.startLauncher()
          try await node.wait("STATS that agree with what is there, after \(point)") {
            guard let stats = node.frames(since: mark).last(where: \.isStats) else { return false }
            let state = stats.instances[instance]?["state"]
            guard node.exists("\(node.instances)/\(instance)") else { return state == nil }
            return state == (node.machines(instance).isEmpty ? "exited" : "active")
          }
          let isThere = node.exists("\(node.instances)/\(instance)")
          try expectConsistent(node, instance, isThere ? !node.machines(instance).isEmpty : nil, point)
          if isThere == (command.name == "START") {
            try await node.settle()
            try expectTenantEvents(node, since: before, of: command, point)
          }
          guard isThere else { continue }
          // Whole: it can be started and deleted.
          if node.machines(instance).isEmpty {
            try node.send("RESTART", of: instance)
            try await node.state("active", of: instance)
          }
          try await node.delete(instance)
          try expectConsistent(node, instance, nil, point)
        }
      }
    }

    private func prepare(_ payload: StartPayload, _ state: Command.State, _ node: Node) async throws {
      if state == .none { return }
      _ = try await node.startInstance(payload)
      if state == .active { return }
      try node.send("STOP", of: payload.instance)
      try await node.state("exited", of: payload.instance)
    }

    /// Sends the command and returns when launcher-vmm stands still at `point`: its process.
    private func hold(_ node: Node, at point: String, of command: Command, _ payload: StartPayload) async throws
      -> pid_t
    {
      let vmm = try node.pid(of: .vmm)
      let file = "\(node.instances)/.stop-at"
      try Data(point.utf8).write(to: URL(fileURLWithPath: file))
      chown(file, Node.vmmUser, Node.vmmUser)
      if command.name == "START" {
        try node.send("START", payload.text)
      } else {
        try node.send(command.name, of: payload.instance)
      }
      try await node.wait("launcher-vmm to stand still at \(point)") { !node.exists(file) }
      return vmm
    }

    /// What came or went for good was told, perhaps more than once.
    private func expectTenantEvents(_ node: Node, since mark: Node.Mark, of command: Command, _ point: String) throws {
      let told = Set(node.frames(since: mark).map(\.operand).filter { $0.hasPrefix("Tenant") })
      let due = ["START": "TenantAdded", "DELETE": "TenantRemoved"][command.name].map { [$0] } ?? []
      #expect(told == Set(due), "\(command.name) at \(point)")
    }

    /// - runs: nil when there is to be no instance.
    private func expectConsistent(_ node: Node, _ instance: String, _ runs: Bool?, _ point: String) throws {
      let names = try FileManager.default.contentsOfDirectory(atPath: node.instances)
      #expect(names == (runs == nil ? [] : [instance]), "after \(point)")
      #expect(node.machines(instance).count == (runs == true ? 1 : 0), "after \(point)")
      let devices = try node.devices(of: instance).count
      #expect(runs == true ? devices == 1 : devices <= 1, "after \(point)")
      if runs == nil {
        #expect(try node.devices().map(\.ifname) == [], "after \(point)")
      } else {
        let folder = Set(try FileManager.default.contentsOfDirectory(atPath: "\(node.instances)/\(instance)"))
        #expect(folder.isSuperset(of: ["state", "image.qcow2", "config.iso"]), "after \(point)")
        #expect(!folder.contains(".config-drive"), "after \(point)")
      }
    }
  }
}
