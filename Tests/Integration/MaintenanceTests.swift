import Foundation
import Testing

extension Integration {
  /// EVACUATE and Restore, on machines that do not heed the power button: each is asked, and its plug is pulled when
  /// `-stop-grace` is over.
  @Suite struct MaintenanceTests {
    private static let crowd = 2

    private static func crowd(of node: Node) async throws -> [String] {
      var instances: [String] = []
      for _ in 0..<crowd { instances.append(try await node.startInstance(StartPayload(memory: 32))) }
      return instances
    }

    @Test func `EVACUATE stops all machines and lets none start, and Restore ends that`() async throws {
      try await Node.run(Node.Options(["stop-grace": "1s"])) { node in
        let instances = try await Self.crowd(of: node)
        let before = try node.mark
        for payload in [
          "evacuate: {workload_agent_uuid: \(UUID().uuidString)}", "evacuate: {}", "restore: {workload_agent_uuid: x}",
          "{",
        ] { try node.send("EVACUATE", payload) }
        try await node.settle()
        #expect(node.frames(since: before).filter { $0.type == "ERROR" }.count == 1, "the one of `settle`")
        #expect(!node.frames(since: before).contains { $0.operand == "MAINTENANCE" })
        try expectLog(of: node, "EVACUATE: it is for node ", ": nothing changes")
        try expectLog(of: node, "EVACUATE: cannot use the payload (invalid_data)")
        try expectLog(of: node, "EVACUATE: cannot use the payload (invalid_payload)")

        let mark = try node.mark
        try await node.evacuate()
        for instance in instances { try await node.state("exited", of: instance) }
        let frames = node.frames(since: mark)
        let status = try #require(frames.first { $0.isStatus })
        #expect(try status["node_uuid"] == node.uuid)
        #expect(status["mem_total_mb"] != nil)
        #expect(frames.last { $0.isStats }?["status"] == "MAINTENANCE")
        #expect(!frames.contains { $0.type == "ERROR" || $0.type == "EVENT" })
        try await node.expectStartIsRefused()
        try await node.expectFailure(
          "RestartFailure", "launch_failure", of: instances[0], by: "RESTART",
          "restart: {instance_uuid: \(instances[0])}")
        try await node.expectFailure(
          "StopFailure", "already_stopped", of: instances[0], by: "STOP", "stop: {instance_uuid: \(instances[0])}")
        try await node.delete(instances[0])
        #expect(!node.frames(since: mark).contains { $0.operand == "READY" })

        try await node.restore()
        let later = try node.mark
        #expect(!node.exists("\(node.instances)/.maintenance"))
        #expect(instances.allSatisfy { node.machines($0).isEmpty }, "Restore starts nothing")
        try node.send("RESTART", of: instances[1])
        try await node.state("active", of: instances[1])
        _ = try await node.startInstance()
        #expect(!node.frames(since: later).contains { $0.operand == "MAINTENANCE" })
      }
    }

    @Test func `maintenance is told at each connection and outlives every process, and the rest of the machines`()
      async throws
    {
      try await Node.run(Node.Options(["stop-grace": "1s"])) { node in
        let instance = try await node.startInstance(StartPayload(memory: 32))
        try await node.evacuate()
        try await node.state("exited", of: instance)
        try await node.wait("the end of the evacuation to be recorded") { node.isEvacuated }
        for role in [Node.Role.net, .vmm, .stats] {
          try await node.crash(role)
          // By then the processes have met again, and the node is as it was.
          try await node.state("exited", of: instance)
          try await node.expectStartIsRefused()
        }
        var mark = try node.mark
        try await node.replacePeer()
        mark = 0
        #expect(try await node.frame("a status", since: mark) { $0.isStatus }.operand == "MAINTENANCE")
        // As after a boot of the host.
        try await node.stopLauncher()
        mark = try node.mark
        try await node.startLauncher()
        #expect(try await node.frame("a status", since: mark) { $0.isStatus }.operand == "MAINTENANCE")
        try await node.expectStartIsRefused()
        try await node.stopLauncher()
        try Data("?".utf8).write(to: URL(fileURLWithPath: "\(node.instances)/.maintenance"))
        mark = try node.mark
        try await node.startLauncher()
        #expect(try await node.frame("a status", since: mark) { $0.isStatus }.operand == "MAINTENANCE")
        try expectLog(of: node, ".maintenance: ", "this node is taken to be in maintenance; Restore ends it")
        try await node.restore()
        try await node.delete(instance)
      }
    }

    @Test func `launcher-vmm killed at any step of EVACUATE stops the rest of the machines in its next life`()
      async throws
    {
      var options = Node.Options(["stop-grace": "1s"])
      options.isDebugBuild = true
      try await Node.run(options) { node in
        let instances = try await Self.crowd(of: node)
        for point in ["evacuation-recorded", "power-down-asked", "quit-asked", "machine-ended", "evacuation-ended"] {
          let vmm = try node.pid(of: .vmm)
          try node.setStopPoint(point)
          try node.sendEvacuate()
          try await node.wait("launcher-vmm to stand still at \(point)") { !node.stopPointIsSet }
          kill(vmm, SIGKILL)
          for instance in instances { try await node.state("exited", of: instance) }
          try await node.settle()
          try await node.expectStartIsRefused()
          try await node.wait("the end of the evacuation to be recorded, after \(point)") { node.isEvacuated }
          try await node.restore()
          for instance in instances { try node.send("RESTART", of: instance) }
          for instance in instances { try await node.state("active", of: instance) }
        }
      }
    }

    @Test func `launcher killed during EVACUATE goes on with it when it is started again, whatever the scheduler says`()
      async throws
    {
      try await Node.run(Node.Options(["stop-grace": "1h"])) { node in
        let instances = try await Self.crowd(of: node)
        try await node.evacuate()
        try await node.killLauncher()
        try await node.wait("launcher's processes to end") { node.launcherProcesses.isEmpty }
        #expect(try instances.map { try node.machine($0) }.count == Self.crowd)
        try await node.startLauncher(more: ["-stop-grace=0s"])
        for instance in instances { try await node.state("exited", of: instance) }
      }
    }

    @Test
    func `Restore during EVACUATE leaves alone what was not asked to power down, and -hard-reset ends maintenance`()
      async throws
    {
      try await Node.run(Node.Options(["stop-grace": "1h"])) { node in
        // The first eight keep their places: their guests do not heed the power button.
        let payloads = (0..<9).map { StartPayload(instance: "0000000\($0)-aaaa", memory: 32) }
        for payload in payloads { try node.send("START", payload.text) }
        for payload in payloads { try await node.state("active", of: payload.instance) }
        try await node.evacuate()
        try await node.restore()
        let kept = payloads[8].instance
        for payload in payloads[..<8] { kill(try node.machine(payload.instance), SIGKILL) }
        for payload in payloads[..<8] { try await node.state("exited", of: payload.instance) }
        try await node.settle()
        #expect(node.machines(kept).count == 1)
        try await node.state("active", of: kept)
        kill(try node.machine(kept), SIGKILL)
        try await node.state("exited", of: kept)

        try await node.evacuate()
        try await node.stopLauncher()
        let reset = try node.runLauncher(["-hard-reset"])
        #expect(reset.status == 0, "\(reset.output)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: node.instances) == [])
        let mark = try node.mark
        try await node.startLauncher()
        #expect(try await node.frame("a status", since: mark) { $0.isStatus }.operand == "READY")
      }
    }
  }
}

extension Node {
  /// The node's own SSNTP UUID.
  var uuid: String {
    get throws {
      let file = "\(stateFolder)/local/uuid-storage/role/client/0x4"
      return try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  func sendEvacuate() throws { try send("EVACUATE", "evacuate:\n  workload_agent_uuid: \(uuid)\n") }

  /// Returns when the node has said that it is in maintenance.
  func evacuate() async throws {
    let mark = try mark
    try sendEvacuate()
    try await frame("MAINTENANCE", since: mark) { $0.isStatus && $0.operand == "MAINTENANCE" }
  }

  func restore() async throws {
    let mark = try mark
    try send("Restore", "restore:\n  workload_agent_uuid: \(uuid)\n")
    try await frame("READY", since: mark) { $0.isStatus && $0.operand == "READY" }
  }

  fileprivate func expectStartIsRefused(_ location: SourceLocation = #_sourceLocation) async throws {
    let payload = StartPayload()
    try await expectFailure("StartFailure", "full_cn", of: payload.instance, by: "START", payload.text, location)
    try expectLog(of: self, payload.instance, "the node is in maintenance: Restore ends it", location: location)
  }

  var isEvacuated: Bool {
    FileManager.default.contents(atPath: "\(instances)/.maintenance").map {
      String(decoding: $0, as: UTF8.self).contains("evacuated")
    } ?? false
  }

  private var stopPointFile: String { "\(instances)/.stop-at" }
  var stopPointIsSet: Bool { exists(stopPointFile) }

  /// Where launcher-vmm, a debug build, is to stand still; it takes the file away when it does.
  func setStopPoint(_ point: String) throws {
    try Data(point.utf8).write(to: URL(fileURLWithPath: stopPointFile))
    chown(stopPointFile, Self.vmmUser, Self.vmmUser)
  }
}
