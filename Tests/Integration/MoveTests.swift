import Foundation
import Testing

extension Integration {
  /// DELETE with `stop: true` and START with `restart: true`: how instances leave a node and come back.
  @Suite struct MoveTests {
    private static func delete(_ instance: String) -> String {
      "delete:\n  instance_uuid: \(instance)\n  workload_agent_uuid: \(UUID().uuidString)\n  stop: true\n"
    }

    private static func restart(_ payload: StartPayload) -> String { payload.text + "  restart: true\n" }

    @Test func `DELETE with stop: true powers the guest down, removes the instance and reports InstanceStopped`()
      async throws
    {
      try await Node.run(Node.Options(["stop-grace": "1h"])) { node in
        let instance = try await node.startInstance()
        let mark = try node.mark
        try node.send("DELETE", Self.delete(instance))
        // It waits for its guest, which does not heed the power button: a plain DELETE ends that.
        try await node.settle()
        #expect(node.machines(instance).count == 1)
        #expect(!node.frames(since: mark).contains { $0.type == "EVENT" })
        try node.send("DELETE", of: instance)
        let stopped = try await node.frame("InstanceStopped", since: mark) { $0.type == "EVENT" }
        #expect(stopped.operand == "InstanceStopped")
        #expect(stopped.payload.hasPrefix("instance_stopped:\n"))
        #expect(stopped["instance_uuid"] == instance)
        try await node.frame("the answer to DELETE", since: mark) {
          $0.isError("DeleteFailure", "no_instance", of: instance)
        }
        #expect(!node.exists("\(node.instances)/\(instance)"))
        #expect(node.machines(instance).isEmpty)
        try await node.settle()
        #expect(node.frames(since: mark).filter { $0.type == "EVENT" }.count == 1)
        try await node.expectFailure("DeleteFailure", "no_instance", of: instance, by: "DELETE", Self.delete(instance))
      }
    }

    @Test func `DELETE with stop: true of a machine that does not run, and one that launcher-vmm was killed in`()
      async throws
    {
      var options = Node.Options(["stop-grace": "1s"])
      options.isDebugBuild = true
      try await Node.run(options) { node in
        let exited = try await node.startInstance()
        try node.send("STOP", of: exited)
        try await node.state("exited", of: exited)
        for point in ["", "power-down-asked", "machine-ended", "name-taken", "reported"] {
          let instance = point.isEmpty ? exited : try await node.startInstance()
          let mark = try node.mark
          let vmm = try node.pid(of: .vmm)
          if !point.isEmpty { try node.setStopPoint(point) }
          try node.send("DELETE", Self.delete(instance))
          if !point.isEmpty {
            try await node.wait("launcher-vmm to stand still at \(point)") { !node.stopPointIsSet }
            kill(vmm, SIGKILL)
          }
          try await node.frame("InstanceStopped", since: mark) {
            $0.operand == "InstanceStopped" && $0["instance_uuid"] == instance
          }
          try await node.settle()
          #expect(node.frames(since: mark).filter { $0.type == "EVENT" }.count == 1, "\(point)")
          #expect(!node.exists("\(node.instances)/\(instance)"), "\(point)")
          #expect(node.machines(instance).isEmpty, "\(point)")
        }
      }
    }

    @Test func `START with restart: true boots the instance that is here, and makes one that is not`() async throws {
      try await Node.run { node in
        var payload = StartPayload()
        let instance = try await node.startInstance(payload)
        try await node.expectFailure(
          "StartFailure", "already_running", of: instance, by: "START", Self.restart(payload))
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        // What RESTART would do: the disk stays, and with it everything that START once said.
        let disk = "\(node.instances)/\(instance)/image.qcow2"
        let file = try FileManager.default.attributesOfItem(atPath: disk)[.systemFileNumber] as? Int
        payload.memory = 128
        payload.image = "absent"
        let mark = try node.mark
        try node.send("START", Self.restart(payload))
        try await node.state("active", of: instance)
        #expect(try FileManager.default.attributesOfItem(atPath: disk)[.systemFileNumber] as? Int == file)
        #expect(ProcessTable.arguments(of: try node.machine(instance)).contains("64M"))
        #expect(!node.frames(since: mark).contains { $0.type == "ERROR" })

        try await node.delete(instance)
        try node.send("START", Self.restart(payload))
        let failure = try await node.frame("StartFailure", since: mark) { $0.isError("StartFailure") }
        #expect(failure.payload == "instance_uuid: \"\(instance)\"\nreason: \"image_failure\"\nrestart: true\n")
        payload.image = Node.blankImage
        try node.send("START", Self.restart(payload))
        try await node.state("active", of: instance)
        try await node.delete(instance)
      }
    }

    @Test func `failures of a START with restart: true say so, and leave the instance`() async throws {
      try await Node.run { node in
        let payload = StartPayload()
        let instance = try await node.startInstance(payload)
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        func expectFailure(_ reason: String, _ text: String) async throws {
          let mark = try node.mark
          try await node.expectFailure("StartFailure", reason, of: instance, by: "START", text)
          let failure = try #require(node.frames(since: mark).first { $0.type == "ERROR" })
          #expect(failure["restart"] == "true", "\(reason)")
        }
        try await expectFailure("invalid_data", "start: {instance_uuid: \(instance), restart: true}")
        try await node.evacuate()
        try await expectFailure("full_cn", Self.restart(payload))
        try await node.restore()
        try await node.stopLauncher()
        try Data("?".utf8).write(to: URL(fileURLWithPath: "\(node.instances)/\(instance)/state"))
        try await node.startLauncher()
        try await expectFailure("instance_exists", Self.restart(payload))
        #expect(node.exists("\(node.instances)/\(instance)/image.qcow2"))
      }
    }
  }
}
