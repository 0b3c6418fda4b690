import Foundation
import Testing

extension Integration {
  /// What containers survive, and what launcher makes of what it finds.
  @Suite struct ContainerRecoveryTests {
    @Test func `containers outlive launcher, and the next one manages them at once`() async throws {
      try await ContainerHost.runNode { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        let other = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        let pid = try host.inspect(instance, "{{.State.Pid}}")
        try await node.killLauncher()
        try await node.wait("launcher's processes to end") { node.launcherProcesses.isEmpty }
        #expect(try host.running(instance))
        try host.docker("kill", host.containers(of: other)[0])
        try await node.startLauncher()
        try await node.state("active", of: instance)
        try await node.state("exited", of: other)
        #expect(try host.inspect(instance, "{{.State.Pid}}") == pid)
        try await node.delete(instance)
        try await node.delete(other)
        #expect(try host.containers().isEmpty)
      }
    }

    @Test func `a dockerd that restarts with live-restore leaves containers running, and their end is noticed`()
      async throws
    {
      try await ContainerHost.runNode(liveRestore: true) { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        let pid = try host.inspect(instance, "{{.State.Pid}}")
        try await host.stop()
        try await host.start()
        try await node.wait("the engine to answer") {
          node.log.contains("the container engine's events have ended")
            && ProcessTable.mentioning(host.socket).contains { ProcessTable.arguments(of: $0).contains("events") }
        }
        try await node.state("active", of: instance)
        #expect(try host.inspect(instance, "{{.State.Pid}}") == pid)
        try host.docker("kill", host.containers(of: instance)[0])
        try await node.state("exited", of: instance)
        try await node.delete(instance)
      }
    }

    @Test func `a dockerd that restarts without live-restore ends containers, and RESTART runs them again`()
      async throws
    {
      try await ContainerHost.runNode { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        try await host.stop()
        try await host.start()
        try await node.state("exited", of: instance)
        #expect(try !host.running(instance), "nothing is started by itself")
        try await node.wait("the engine to answer") {
          ProcessTable.mentioning(host.socket).contains { ProcessTable.arguments(of: $0).contains("events") }
        }
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        try await node.delete(instance)
      }
    }

    @Test func `a dockerd that is killed and comes back with live-restore leaves containers running`() async throws {
      try await ContainerHost.runNode(liveRestore: true) { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        let pid = try #require(pid_t(try host.inspect(instance, "{{.State.Pid}}")))
        try await host.crash()
        #expect(ProcessTable.exists(pid))
        try await node.wait("launcher to notice") { node.log.contains("the container engine does not answer") }
        try await node.state("active", of: instance)
        try await host.start()
        try await node.wait("the engine to answer") { node.log.contains("the container engine answers again") }
        #expect(try host.inspect(instance, "{{.State.Pid}}") == "\(pid)")
        // It is managed as before, and its end is told by an event of the new dockerd.
        try host.docker("kill", host.containers(of: instance)[0])
        try await node.state("exited", of: instance)
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        try await node.delete(instance)
        #expect(try host.containers().isEmpty)
      }
    }

    @Test
    func `a dockerd that is killed and comes back without live-restore ends containers, and RESTART runs them again`()
      async throws
    {
      try await ContainerHost.runNode { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        let pid = try #require(pid_t(try host.inspect(instance, "{{.State.Pid}}")))
        try await host.crash()
        #expect(ProcessTable.exists(pid), "it is the next dockerd that ends it")
        try await node.wait("launcher to notice") { node.log.contains("the container engine does not answer") }
        try await node.state("active", of: instance)
        try await host.start()
        try await node.state("exited", of: instance)
        #expect(!ProcessTable.exists(pid))
        #expect(try !host.running(instance), "nothing is started by itself")
        try await node.wait("the engine to answer") { host.isFollowed }
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        try await node.delete(instance)
        #expect(try host.containers().isEmpty)
      }
    }

    @Test func `a container that somebody else removes is exited, and RESTART makes it again`() async throws {
      try await ContainerHost.runNode { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        try host.docker("rm", "--force", host.containers(of: instance)[0])
        try await node.state("exited", of: instance)
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        #expect(try host.containers(of: instance).count == 1)
        // And with no container to remove DELETE has less to do.
        try host.docker("rm", "--force", host.containers(of: instance)[0])
        try await node.delete(instance)
      }
    }

    @Test func `a container that somebody else starts again is active`() async throws {
      try await ContainerHost.runNode { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try host.docker("start", host.containers(of: instance)[0])
        try await node.state("active", of: instance)
        try await node.delete(instance)
      }
    }

    @Test func `an events child that is killed is started again, and what happened meanwhile is noticed`() async throws
    {
      try await ContainerHost.runNode { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        func following() -> [pid_t] {
          ProcessTable.mentioning(host.socket).filter { ProcessTable.arguments(of: $0).contains("events") }
        }
        let first = following()
        #expect(first.count == 1)
        for pid in first { kill(pid, SIGSTOP) }
        try host.docker("kill", host.containers(of: instance)[0])
        for pid in first { kill(pid, SIGKILL) }
        try await node.state("exited", of: instance)
        try await node.wait("another one") { following().count == 1 && following() != first }
        try await node.delete(instance)
      }
    }

    @Test func `two launchers on one dockerd do not touch each other's containers, nor those of others`() async throws {
      try await ContainerHost.run { host in
        try host.docker("run", "--detach", "--name", "stranger", "--network", "none", ContainerHost.image)
        try await Node.run(Node.Options(host.arguments)) { first in
          let mine = try await first.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
          try await Node.run(Node.Options(host.arguments)) { second in
            let its = try await second.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
            try await second.stopLauncher()
            // Its start removes what is left of its own: nothing of the first's, nor the stranger.
            try await second.startLauncher()
            try await second.state("active", of: its)
            try await second.stopLauncher()
            let outcome = try second.runLauncher(["-hard-reset"])
            #expect(outcome.status == 0, "\(outcome.output)")
            #expect(outcome.output.contains("hard reset: 1 containers removed"))
            #expect(try host.containers(of: its).isEmpty)
            try await second.startLauncher()
          }
          #expect(try host.running(mine))
          try await first.delete(mine)
        }
        #expect(try host.docker("ps", "--format", "{{.Names}}").contains("stranger"))
      }
    }

    @Test func `a container without an instance is removed at the start`() async throws {
      try await ContainerHost.runNode { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        try await node.stopLauncher()
        try FileManager.default.removeItem(atPath: "\(node.instances)/\(instance)")
        try await node.startLauncher()
        try await node.wait("its container to be removed") { try host.containers().isEmpty }
        try expectLog(of: node, "\(instance): removing its container, left by an interrupted command")
      }
    }

    @Test func `a container without an instance is removed after a START of that instance, not beside it`() async throws
    {
      try await ContainerHost.runNode(arguments: ["pull-deadline": "4s"]) { host, node in
        try await host.startRegistry()
        let token = try String(contentsOfFile: "\(node.instances)/.container-node", encoding: .utf8)
        let payload = ContainerPayload(image: "\(ContainerRegistry.address)/slow/image:1")
        let instance = payload.instance
        try host.docker(
          "create", "--network", "none", "--name", "launcher-\(token)-\(instance)", "--label", "launcher.node=\(token)",
          "--label", "launcher.instance=\(instance)", ContainerHost.image)
        try node.send("START", payload.text)
        try await node.wait("the START to be at work") { node.log.contains("\(instance): fetching image") }
        // launcher looks at what containers there are.
        let following = ProcessTable.mentioning(host.socket).filter {
          ProcessTable.arguments(of: $0).contains("events")
        }
        for pid in following { kill(pid, SIGKILL) }
        let removal = "\(instance): removing its container, left by an interrupted command"
        try await node.wait("its container to be removed") {
          try node.log.contains(removal) && host.containers().isEmpty
        }
        let failure = try #require(node.log.range(of: "\(instance): START failed with image_failure"))
        let removed = try #require(node.log.range(of: removal))
        #expect(failure.upperBound < removed.lowerBound)
      }
    }

    private static let points: [(command: String, points: [String])] = [
      (
        "START",
        [
          "staging-made", "image-fetched", "state-written", "name-given", "created", "container-made",
          "container-started", "run-recorded",
        ]
      ),
      ("STOP", ["power-down-asked", "machine-ended"]), ("RESTART", ["container-started", "run-recorded"]),
      ("DELETE", ["machine-ended", "container-removed", "name-taken", "files-removed", "reported"]),
    ]

    @Test(arguments: ["START", "STOP", "RESTART", "DELETE"])
    func `launcher-vmm killed at any step of a container's command carries it out in its next life`(command: String)
      async throws
    {
      try await ContainerHost.runNode(isDebugBuild: true) { host, node in
        let points = Self.points.first { $0.command == command }?.points ?? []
        for (index, point) in points.enumerated() {
          let payload = ContainerPayload(command: ContainerLifeTests.obedient)
          let instance = payload.instance
          if command != "START" { _ = try await node.startContainer(payload) }
          if command == "RESTART" {
            try node.send("STOP", of: instance)
            try await node.state("exited", of: instance)
          }
          let mark = try node.mark
          let vmm = try node.pid(of: .vmm)
          let file = "\(node.instances)/.stop-at"
          try Data(point.utf8).write(to: URL(fileURLWithPath: file))
          chown(file, Node.vmmUser, Node.vmmUser)
          if command == "START" { try node.send("START", payload.text) } else { try node.send(command, of: instance) }
          try await node.wait("launcher-vmm to stand still at \(point)") { !node.exists(file) }
          kill(vmm, SIGKILL)
          switch command {
          case "START", "RESTART": try await node.state("active", of: instance)
          case "STOP": try await node.state("exited", of: instance)
          default: try await node.frame("InstanceDeleted", since: mark) { $0.isDeleted(instance) }
          }
          try await node.settle()
          let told = node.frames(since: mark).filter { $0.type == "ERROR" || $0.type == "EVENT" }
          // The last is the answer to `settle`.
          #expect(told.count == (command == "DELETE" ? 2 : 1), "\(command) at \(point): \(told)")
          let isThere = command != "DELETE"
          #expect(node.exists("\(node.instances)/\(instance)") == isThere, "after \(point)")
          #expect(try host.containers(of: instance).count == (isThere ? 1 : 0), "after \(point)")
          #expect(try host.running(instance) == (isThere && command != "STOP"), "after \(point)")
          if isThere { try await node.delete(instance) }
          try await node.forgetEarlyEnds(after: index + 1)
        }
      }
    }
  }
}
