import Foundation
import Testing

extension Integration {
  /// `-simulation`: everything but the execution.
  @Suite struct SimulationTests {
    @Test func `a simulated instance is started, stopped, restarted and deleted, and nothing is executed`()
      async throws
    {
      try await Node.run(.simulation(["containers": "true"])) { node in
        let instance = try await node.startInstance(StartPayload(image: "no-such-image"))
        #expect(ProcessTable.children(of: try node.pid(of: .vmm)).isEmpty)
        #expect(node.machines(instance).isEmpty)
        #expect(
          Set(try FileManager.default.contentsOfDirectory(atPath: "\(node.instances)/\(instance)")) == [
            "state", "running",
          ])
        let stats = try #require(node.frames(since: 0).last { $0.isStats && $0.instances[instance] != nil })
        for key in ["memory_usage_mb", "disk_usage_mb", "cpu_usage"] {
          #expect(stats.instances[instance]?[key].flatMap { Int($0) } ?? -1 >= 0, "\(key)")
        }
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        try await node.delete(instance)
        #expect(try FileManager.default.contentsOfDirectory(atPath: node.instances) == [".simulation"])
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
        try expectLog(of: node, "SIMULATION: instances are made up")
      }
    }

    @Test func `simulated instances outlive every crash of launcher, and what was stopped stays so`() async throws {
      try await Node.run(.simulation()) { node in
        let running = try await node.startInstance(StartPayload(instance: "51a0-0"))
        let stopped = try await node.startInstance(StartPayload(instance: "51a0-1"))
        let deleted = try await node.startInstance(StartPayload(instance: "51a0-2"))
        try node.send("STOP", of: stopped)
        try await node.state("exited", of: stopped)
        try await node.delete(deleted)
        let killed = try node.pid(of: .vmm)
        kill(killed, SIGKILL)
        try await node.wait("launcher-vmm to come back") { node.find(.vmm).map { $0 != killed } ?? false }
        try await node.state("active", of: running)
        try await node.state("exited", of: stopped)
        try await node.killLauncher()
        try await node.startLauncher()
        try await node.state("active", of: running)
        let stats = node.frames(since: 0).last { $0.isStats }
        #expect(Set(stats?.instances.keys.map { $0 } ?? []) == [running, stopped])
      }
    }

    @Test func `a simulated guest whose identifier ends in f powers itself down, and in e ignores the power button`()
      async throws
    {
      try await Node.run(.simulation()) { node in
        let short = try await node.startInstance(StartPayload(instance: "51a0-f"))
        let deaf = try await node.startInstance(StartPayload(instance: "51a0-e"))
        try node.send("STOP", of: deaf)
        try await node.state("exited", of: deaf)
        try await node.state("exited", of: short)
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
        try node.send("RESTART", of: short)
        try await node.state("active", of: short)
      }
    }

    @Test func `EVACUATE stops all simulated instances, and Restore starts none`() async throws {
      // More than are stopped at a time; the last one does not heed the power button.
      try await Node.run(.simulation()) { node in
        try await node.startSimulated(0..<20)
        let deaf = try await node.startInstance(StartPayload(instance: "51a0-e"))
        let all = (0..<20).map { Node.simulatedInstance($0) } + [deaf]
        try await node.evacuate()
        try await node.wait("all to be stopped") { !all.contains { node.isSimulatedRunning($0) } && node.isEvacuated }
        try await node.state("exited", of: deaf)
        let payload = StartPayload()
        try await node.expectFailure("StartFailure", "full_cn", of: payload.instance, by: "START", payload.text)
        try await node.restore()
        #expect(!all.contains { node.isSimulatedRunning($0) })
        try node.send("RESTART", of: all[0])
        try await node.state("active", of: all[0])
      }
    }

    @Test func `a simulation says that it is one, and takes no folder of real instances`() async throws {
      try await Node.run(.simulation()) { node in
        let audit = try ChildProcess.outcome(of: [
          "\(node.binaries)/launcher-audit", "-below", "\(node.frontEnd())", "-state-dir", node.stateFolder,
        ])
        #expect(audit.text.contains("SIMULATION"))
        #expect(!audit.text.contains("presence"), "\(audit.text)")
        let check = try node.runLauncher(["-check-config"])
        #expect(check.output.contains("SIMULATION"))
        _ = try await node.startInstance()
        try await node.stopLauncher()
        let real = try node.runLauncher(["-simulation=false"])
        #expect(real.status != 0)
        #expect(real.output.contains("its instances are a simulation's"), "\(real.output)")
      }
      try await Node.run { node in
        _ = try await node.startInstance()
        try await node.stopLauncher()
        let simulated = try node.runLauncher(["-simulation"])
        #expect(simulated.status != 0)
        #expect(simulated.output.contains("its instances are real"), "\(simulated.output)")
        try await node.startLauncher()
      }
    }
  }
}
