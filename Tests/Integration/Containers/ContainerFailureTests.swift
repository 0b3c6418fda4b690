import Foundation
import Testing

extension Integration {
  /// Every failure of a container on the wire, with what is left behind.
  @Suite struct ContainerFailureTests {
    @Test func `image_failure: an image that is nowhere, with docker's own words in the log`() async throws {
      try await ContainerHost.runNode { host, node in
        // A registry on a port that nobody listens on: the answer comes at once, whatever the network is like.
        let payload = ContainerPayload(image: "127.0.0.1:1/nobody/nothing:1")
        try await node.expectFailure("StartFailure", "image_failure", of: payload.instance, by: "START", payload.text)
        try expectLog(of: node, "START failed with image_failure", "dial tcp 127.0.0.1:1")
        #expect(try host.containers().isEmpty)
      }
    }

    @Test func `invalid_data: image references and commands that docker must not see`() async throws {
      try await ContainerHost.runNode { host, node in
        for image in ["--privileged", "-v=/:/host", "a b", "$(id)", "A/B", "a:b:c"] {
          let payload = ContainerPayload(image: image)
          try await node.expectFailure("StartFailure", "invalid_data", of: payload.instance, by: "START", payload.text)
        }
        for command in ["[a], [b]", "a b", "[]"] {
          let payload = ContainerPayload(command: command)
          try await node.expectFailure("StartFailure", "invalid_data", of: payload.instance, by: "START", payload.text)
        }
        try expectLog(of: node, "2 entries: a container runs one command")
        #expect(try host.containers().isEmpty)
      }
    }

    @Test func `already_running, instance_exists, already_stopped and no_instance are as those of machines`()
      async throws
    {
      try await ContainerHost.runNode { _, node in
        let payload = ContainerPayload(command: ContainerLifeTests.obedient)
        let instance = try await node.startContainer(payload)
        try await node.expectFailure("StartFailure", "already_running", of: instance, by: "START", payload.text)
        let target = "instance_uuid: \(instance)"
        try await node.expectFailure(
          "RestartFailure", "already_running", of: instance, by: "RESTART", "restart: {\(target)}\n")
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.expectFailure("StartFailure", "instance_exists", of: instance, by: "START", payload.text)
        try await node.expectFailure("StopFailure", "already_stopped", of: instance, by: "STOP", "stop: {\(target)}\n")
        try await node.delete(instance)
        try await node.expectFailure(
          "DeleteFailure", "no_instance", of: instance, by: "DELETE", "delete: {\(target)}\n")
      }
    }

    @Test func `launch_failure: a command that the image does not have; the instance stays`() async throws {
      try await ContainerHost.runNode { host, node in
        let payload = ContainerPayload(command: "[/nowhere]")
        let mark = try node.mark
        try node.send("START", payload.text)
        try await node.frame("an error", since: mark) {
          $0.isError("StartFailure", "launch_failure", of: payload.instance)
        }
        try expectLog(of: node, "START failed with launch_failure", "/nowhere")
        try await node.state("exited", of: payload.instance)
        try await node.delete(payload.instance)
        #expect(try host.containers().isEmpty)
      }
    }

    @Test func `launch_failure: more CPUs than the node has, in docker's words`() async throws {
      try await ContainerHost.runNode { _, node in
        let payload = ContainerPayload(vcpus: 256)
        let mark = try node.mark
        try node.send("START", payload.text)
        try await node.frame("an error", since: mark) {
          $0.isError("StartFailure", "launch_failure", of: payload.instance)
        }
        try expectLog(of: node, "START failed with launch_failure", "CPUs")
        try await node.delete(payload.instance)
      }
    }

    @Test func `launch_failure and not_supported: volumes are for machines`() async throws {
      try await ContainerHost.runNode { host, node in
        var payload = ContainerPayload(command: ContainerLifeTests.obedient)
        let instance = try await node.startContainer(payload)
        let volume = UUID().uuidString.lowercased()
        for operand in ["AttachVolume", "DetachVolume"] {
          try await node.expectVolumeFailure(operand, "not_supported", instance, volume)
        }
        try await node.delete(instance)
        payload.volume = volume
        try await node.expectFailure("StartFailure", "launch_failure", of: payload.instance, by: "START", payload.text)
        try expectLog(of: node, "START failed with launch_failure: storage: a container cannot have volumes")
        #expect(try host.containers().isEmpty)
      }
    }

    @Test func `launch_failure: vm_type docker on a node without containers, whose launcher-vmm has no such child`()
      async throws
    {
      try await Node.run { node in
        let payload = ContainerPayload()
        try await node.expectFailure("StartFailure", "launch_failure", of: payload.instance, by: "START", payload.text)
        try expectLog(of: node, "containers are off on this node: start launcher with -containers")
        let children = ProcessTable.children(of: try node.pid(of: .vmm)).compactMap { ProcessTable.stat(of: $0)?.name }
        #expect(Set(children) == ["vmm-spawner", "vmm-observer"])
      }
    }

    @Test func `disk_mb that the engine cannot enforce is said in the log, and the container runs`() async throws {
      try await ContainerHost.runNode(storage: .memory) { host, node in
        #expect(try host.docker("info", "--format", "{{.Driver}}") == "overlay2\n")
        var payload = ContainerPayload()
        payload.diskMB = "100"
        let instance = try await node.startContainer(payload)
        try expectLog(
          of: node, "\(instance): disk_mb 100 is not enforced, the container engine cannot: ",
          "--storage-opt is supported only for overlay over xfs with 'pquota' mount option")
        #expect(try host.inspect(instance, "{{.HostConfig.StorageOpt}}") == "map[]")
        try await node.delete(instance)
      }
    }

    @Test func `disk_mb is the most that a container can write, where the storage driver can limit it`() async throws {
      try await ContainerHost.runNode(storage: .btrfs) { host, node in
        let fill = #"[sh, -c, "dd if=/dev/zero of=/file bs=1000000 count=200; sleep 1000"]"#
        var payload = ContainerPayload(command: fill)
        payload.diskMB = "100"
        let instance = try await node.startContainer(payload)
        try await node.wait("the disk to be full") { try host.logs(instance).contains("Disk quota exceeded") }
        #expect(try host.inspect(instance, "{{.HostConfig.StorageOpt}}") == "map[size:100000000]")
        let size = try #require(Int(try host.execute(instance, "stat", "-c", "%s", "/file").dropLast()))
        #expect((80_000_000...100_000_000).contains(size))
        #expect(!node.log.contains("is not enforced"))
        try await node.delete(instance)
      }
    }

    @Test func `full_cn: containers count as machines do`() async throws {
      try await ContainerHost.runNode(arguments: ["max-vm": "1", "reject-when-full": "true"]) { _, node in
        let instance = try await node.startContainer()
        let payload = ContainerPayload()
        try await node.expectFailure("StartFailure", "full_cn", of: payload.instance, by: "START", payload.text)
        try await node.delete(instance)
      }
    }

    @Test func `a dockerd that is away: clear errors, no hang, and everything is right when it is back`() async throws {
      try await ContainerHost.runNode(liveRestore: true) { host, node in
        let instance = try await node.startContainer(ContainerPayload(command: ContainerLifeTests.obedient))
        try await host.stop()
        let payload = ContainerPayload()
        try await node.expectFailure("StartFailure", "launch_failure", of: payload.instance, by: "START", payload.text)
        try expectLog(of: node, "START failed with launch_failure: the container engine does not answer")
        let target = "instance_uuid: \(instance)"
        try await node.expectFailure("StopFailure", "invalid_data", of: instance, by: "STOP", "stop: {\(target)}\n")
        try await node.expectFailure(
          "DeleteFailure", "invalid_data", of: instance, by: "DELETE", "delete: {\(target)}\n")
        #expect(node.exists("\(node.instances)/\(instance)"))
        // Machines are not concerned.
        let machine = try await node.startInstance()
        try await node.delete(machine)
        try await host.start()
        try await node.wait("the engine to answer") { node.log.contains("the container engine answers again") }
        try await node.delete(instance)
        #expect(try host.containers().isEmpty)
      }
    }

    @Test func `a dockerd that hangs: a command fails at its deadline`() async throws {
      try await ContainerHost.runNode(arguments: ["tool-deadline": "2s", "pull-deadline": "2s"]) { host, node in
        let instance = try await node.startContainer()
        host.signal(SIGSTOP)
        let mark = try node.mark
        try node.send("STOP", of: instance)
        try await node.frame("an error", since: mark) { $0.isError("StopFailure", "invalid_data", of: instance) }
        try expectLog(of: node, "did not end within")
        host.signal(SIGCONT)
        try await node.delete(instance)
      }
    }
  }
}
