import Foundation
import Testing

extension Integration {
  /// What a container's life is like, with a real dockerd.
  @Suite struct ContainerLifeTests {
    /// Ends at SIGTERM.
    static let obedient = #"[sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"]"#

    @Test func `a container lives through START, STOP, RESTART and DELETE`() async throws {
      try await ContainerHost.runNode { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: Self.obedient))
        #expect(try host.running(instance))
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        #expect(try !host.running(instance))
        #expect(try host.containers(of: instance).count == 1, "a stopped container is kept")
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        try await node.delete(instance)
        #expect(try host.containers().isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: node.instances) == [".container-node"])
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }

    @Test func `a container has the limits and rights that are promised, and no network`() async throws {
      try await ContainerHost.runNode { host, node in
        let instance = try await node.startContainer(ContainerPayload(hostName: "web-1", vcpus: 2, memory: 48))
        let limits = try host.inspect(
          instance,
          "{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.PidsLimit}}")
        #expect(limits == "2000000000 50331648 50331648 1024")
        #expect(try host.inspect(instance, "{{.HostConfig.SecurityOpt}}") == "[no-new-privileges]")
        #expect(try host.inspect(instance, "{{.HostConfig.CapDrop}}") == "[ALL]")
        #expect(
          try host.inspect(instance, "{{.HostConfig.CapAdd}}")
            == "[CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETGID SETUID]")
        #expect(try host.inspect(instance, "{{.HostConfig.NetworkMode}} {{.HostConfig.Privileged}}") == "none false")
        #expect(try host.inspect(instance, "{{.HostConfig.LogConfig}}") == "{json-file map[max-file:2 max-size:1m]}")
        #expect(try host.inspect(instance, "{{.HostConfig.RestartPolicy.Name}}") == "no")
        #expect(try host.inspect(instance, "{{.Config.Hostname}}") == "web-1")
        let pid = try #require(pid_t(try host.inspect(instance, "{{.State.Pid}}")))
        let status = try ProcessTable.status(of: pid)
        #expect(status["NoNewPrivs"] == "1")
        #expect(status["CapBnd"] == "00000000000004fb")
        #expect(status["Seccomp"] == "2")
      }
    }

    @Test func `the command is the entry of runcmd, each word as it stands; without one it is the image's`()
      async throws
    {
      try await ContainerHost.runNode { host, node in
        let command = #"[sh, -c, 'echo "[$0]" "[$1]" "$(hostname)"; sleep 1000', --privileged, "$(id) ; 'x'"]"#
        let instance = try await node.startContainer(ContainerPayload(command: command))
        try await node.wait("its words") { try host.logs(instance).contains("\n") }
        #expect(try host.logs(instance) == "[--privileged] [$(id) ; 'x'] \(instance)\n")
        let other = try await node.startContainer()
        try await node.wait("the image's words") { try host.logs(other) == "own\n" }
      }
    }

    @Test func `a container that ends by itself is exited at once, and RESTART runs it again`() async throws {
      // STATS come so seldom that only an event of the engine can be why the next one is right.
      try await ContainerHost.runNode { host, node in
        let instance = try await node.startContainer(
          ContainerPayload(command: "[sh, -c, 'while ! [ -e /tmp/end ]; do sleep 0.1; done']"))
        let name = try host.containers(of: instance)[0]
        try host.docker("exec", name, "sh", "-c", "echo > /tmp/end")
        try await node.state("exited", of: instance)
        try expectLog(of: node, "\(instance): its container has ended")
        #expect(try host.inspect(instance, "{{.State.ExitCode}}") == "0")
        // The file is still there: what a container has written survives RESTART.
        try node.send("RESTART", of: instance)
        try await node.wait("its second end") {
          node.log.components(separatedBy: "\(instance): runs in container").count > 2
        }
        try await node.state("exited", of: instance)
        try await node.delete(instance)
      }
    }

    @Test func `a container that ignores SIGTERM is killed after -stop-grace, and a DELETE does not wait for it`()
      async throws
    {
      try await ContainerHost.runNode(arguments: ["stop-grace": "1s"]) { host, node in
        let deaf = #"[sh, -c, "trap '' TERM; while :; do sleep 0.1; done"]"#
        let instance = try await node.startContainer(ContainerPayload(command: deaf))
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        #expect(try host.inspect(instance, "{{.State.ExitCode}}") == "137")
      }
      try await ContainerHost.runNode(arguments: ["stop-grace": "1h"]) { host, node in
        let deaf = #"[sh, -c, "trap '' TERM; while :; do sleep 0.1; done"]"#
        let instance = try await node.startContainer(ContainerPayload(command: deaf))
        try node.send("STOP", of: instance)
        try await node.delete(instance)
        #expect(try host.containers().isEmpty)
      }
    }

    @Test func `EVACUATE stops a container beside a machine and lets it start no more, and Restore ends that`()
      async throws
    {
      try await ContainerHost.runNode(arguments: ["stop-grace": "1s"]) { host, node in
        let container = try await node.startContainer(ContainerPayload(command: Self.obedient))
        let machine = try await node.startInstance()
        let mark = try node.mark
        try await node.evacuate()
        for instance in [container, machine] { try await node.state("exited", of: instance) }
        #expect(try host.inspect(container, "{{.State.ExitCode}}") == "0", "it was asked")
        #expect(!node.frames(since: mark).contains { $0.type == "ERROR" })
        try await node.expectFailure(
          "RestartFailure", "launch_failure", of: container, by: "RESTART", "restart: {instance_uuid: \(container)}")
        let another = ContainerPayload(command: Self.obedient)
        try await node.expectFailure("StartFailure", "full_cn", of: another.instance, by: "START", another.text)
        #expect(try host.containers().count == 1)
        try await node.restore()
        try node.send("RESTART", of: container)
        try await node.state("active", of: container)
      }
    }

    @Test func `twenty containers at once beside machines`() async throws {
      try await ContainerHost.runNode { host, node in
        let containers = (0..<20).map { _ in ContainerPayload(command: Self.obedient, memory: 16) }
        let machines = (0..<2).map { _ in StartPayload() }
        for payload in containers { try node.send("START", payload.text) }
        for payload in machines { try node.send("START", payload.text) }
        let all = containers.map(\.instance) + machines.map(\.instance)
        for instance in all { try await node.state("active", of: instance) }
        #expect(try host.containers().count == 20)
        for instance in all { try node.send("DELETE", of: instance) }
        for instance in all { try await node.frame("its deletion") { $0.isDeleted(instance) } }
        #expect(try host.containers().isEmpty)
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }

    @Test func `memory, disk and CPU usage are those of the container's processes`() async throws {
      try await ContainerHost.runNode { host, node in
        // 20 MB of file, then one CPU and a buffer of 40 MB.
        let busy =
          #"[sh, -c, "dd if=/dev/zero of=/tmp/file bs=1000000 count=20; exec dd if=/dev/zero of=/dev/null bs=40000000"]"#
        let instance = try await node.startContainer(ContainerPayload(command: busy, memory: 256))
        try await node.frame("figures of \(instance)", within: 90) { frame in
          guard let figures = frame.isStats ? frame.instances[instance] : nil,
            let memory = figures["memory_usage_mb"].flatMap({ Int($0) }),
            let disk = figures["disk_usage_mb"].flatMap({ Int($0) }),
            let cpu = figures["cpu_usage"].flatMap({ Int($0) })
          else { return false }
          return (30...200).contains(memory) && disk == 20 && cpu > 0
        }
        try node.send("STOP", of: instance)
        try await node.frame("figures of a container that has ended", since: node.mark) {
          $0.isStats && $0.instances[instance]?["memory_usage_mb"] == "-1"
        }
      }
    }
  }
}
