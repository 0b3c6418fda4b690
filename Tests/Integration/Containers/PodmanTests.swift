import Foundation
import Testing

extension Integration {
  /// A service of podman in dockerd's place.
  @Suite struct PodmanTests {
    @Test func `a container of podman lives through START, STOP, RESTART and DELETE`() async throws {
      try await ContainerHost.runNode(.podman) { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        try expectLog(of: node, "\(instance): runs in container")
        #expect(try host.running(instance))
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        #expect(try !host.running(instance))
        #expect(try host.containers(of: instance).count == 1, "a stopped container is kept")
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        // Its end is told by an event.
        try host.docker("kill", try host.containers(of: instance)[0])
        try await node.state("exited", of: instance)
        try await node.delete(instance)
        #expect(try host.containers().isEmpty)
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }

    @Test func `containers of podman have the limits and rights that are promised, and outlive launcher`() async throws
    {
      try await ContainerHost.runNode(.podman) { host, node in
        let instance = try await node.startContainer(ContainerPayload(hostName: "web-1", vcpus: 2, memory: 48))
        let limits = try host.inspect(
          instance,
          "{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.PidsLimit}}")
        #expect(limits == "2000000000 50331648 50331648 1024")
        #expect(try host.inspect(instance, "{{.HostConfig.NetworkMode}} {{.HostConfig.Privileged}}") == "none false")
        #expect(try host.inspect(instance, "{{.Config.Hostname}}") == "web-1")
        let pid = try #require(pid_t(try host.inspect(instance, "{{.State.Pid}}")))
        let status = try ProcessTable.status(of: pid)
        #expect(status["NoNewPrivs"] == "1")
        #expect(status["CapBnd"] == "00000000000004fb")
        #expect(status["Seccomp"] == "2")
        try await node.killLauncher()
        try await node.startLauncher()
        try await node.state("active", of: instance)
        #expect(try host.inspect(instance, "{{.State.Pid}}") == "\(pid)")
        try await node.frame("memory of \(instance)", within: 90) { frame in
          frame.isStats && frame.instances[instance]?["memory_usage_mb"].flatMap { Int($0) } ?? -1 >= 0
        }
        try await node.delete(instance)
      }
    }
  }
}
