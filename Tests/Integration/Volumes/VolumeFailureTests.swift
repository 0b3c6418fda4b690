import Foundation
import Testing

extension Integration {
  /// Every reason for which AttachVolume and DetachVolume fail, and START and RESTART for a volume.
  @Suite struct VolumeFailureTests {
    static let commands = ["AttachVolume", "DetachVolume"]

    @Test func `no_instance, invalid_payload, invalid_data: what a command about a volume must name`() async throws {
      try await Node.run(Node.withVolumes()) { node in
        let (nobody, volume) = (UUID().uuidString.lowercased(), UUID().uuidString.lowercased())
        for command in Self.commands {
          let key = command == "AttachVolume" ? "attach_volume" : "detach_volume"
          try await node.expectVolumeFailure(command, "no_instance", nobody, volume)
          try await node.expectFailure("\(command)Failure", "invalid_payload", of: "", by: command, "\(key): [")
          for payload in ["", "\(key): {volume_uuid: 0a}", "other: {instance_uuid: 0a}"] {
            try await node.expectFailure("\(command)Failure", "invalid_data", of: "", by: command, payload)
          }
          try await node.expectFailure(
            "\(command)Failure", "invalid_data", of: nobody, by: command,
            node.payload(command, nobody, volume, agent: UUID().uuidString))
          try expectLog(of: node, "\(command): cannot use the payload", "this node is \(node.nodeUUID)")
        }
      }
    }

    @Test func `attach_failure: a volume that cannot be used, with the cause in the log`() async throws {
      try await Node.run(Node.withVolumes()) { node in
        let instance = try await node.startInstance()
        let missing = UUID().uuidString.lowercased()
        let twice = try node.makeVolume()
        _ = try node.makeVolume(twice, suffix: ".qcow2", "create -q -f qcow2 FILE 1M")
        let cases = [
          (missing, "there is none of this name"), (twice, "leave the one that is meant"),
          (try node.makeVolume(suffix: ".qcow2", "create -q -f raw FILE 1M"), "its header does not"),
          (
            try node.makeVolume(suffix: ".qcow2", "create -q -f qcow2 -u -b /etc/passwd -F raw FILE 1M"),
            "laid over another file"
          ),
        ]
        for (volume, cause) in cases {
          try await node.expectVolumeFailure("AttachVolume", "attach_failure", instance, volume)
          try expectLog(of: node, "\(instance): AttachVolume failed with attach_failure", volume, cause)
        }
        // Of a format that the name says and QEMU cannot read.
        let damaged = try node.makeVolume(suffix: ".qcow2", "create -q -f qcow2 FILE 1M")
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: node.path(ofVolume: "\(damaged).qcow2")))
        try file.seek(toOffset: 20)
        file.write(Data([0, 0, 0, 3]))
        try await node.expectVolumeFailure("AttachVolume", "attach_failure", instance, damaged)
        try expectLog(of: node, "AttachVolume failed with attach_failure: QMP: ", "Unsupported cluster size")
        // Nothing of any of them is left, so a good one comes in.
        let good = try node.makeVolume()
        try await node.attach(good, to: instance, leading: [good])
        #expect(try Set(VolumeTests.open(by: node.machine(instance), in: node)) == [good])
      }
    }

    @Test func `attach_failure: a volume that another instance has, another process holds, or that is the ninth`()
      async throws
    {
      try await Node.run(Node.withVolumes()) { node in
        let volumes = try (0..<8).map { _ in try node.makeVolume() }
        var start = StartPayload()
        start.storage = "[\(volumes.prefix(7).map { "{id: \($0)}" }.joined(separator: ", "))]"
        let instance = try await node.startInstance(start)
        try await node.attach(volumes[7], to: instance, leading: volumes)
        try await node.expectVolumeFailure("AttachVolume", "attach_failure", instance, try node.makeVolume())
        try expectLog(of: node, "it has 8 volumes already")

        let other = try await node.startInstance()
        try await node.expectVolumeFailure("AttachVolume", "attach_failure", other, volumes[7])
        try expectLog(of: node, "volume \(volumes[7]) is attached to instance \(instance)")
        var second = StartPayload()
        second.storage = "[{id: \(volumes[0])}]"
        try await node.expectFailure("StartFailure", "launch_failure", of: second.instance, by: "START", second.text)

        // As a machine of another node with the same folder would.
        let held = try node.makeVolume()
        let holder = try ChildProcess(
          [
            "/usr/bin/qemu-system-x86_64", "-nodefaults", "-display", "none", "-S", "-drive",
            "if=none,id=held,format=raw,file=\(node.path(ofVolume: held))", "-device", "virtio-blk-pci,drive=held",
          ], output: STDERR_FILENO)
        try await node.wait("the other machine to hold it") {
          try VolumeTests.isHeldAlone(node.path(ofVolume: held))
        }
        try await node.expectVolumeFailure("AttachVolume", "attach_failure", other, held)
        try expectLog(of: node, "AttachVolume failed with attach_failure: QMP: ", "lock")
        holder.signal(SIGKILL)
        _ = holder.waitForEnd()
        try await node.attach(held, to: other, leading: [held])
      }
    }

    @Test func `already_attached, not_attached: what is asked for is the case`() async throws {
      try await Node.run(Node.withVolumes()) { node in
        let volume = try node.makeVolume()
        let instance = try await node.startInstance()
        try await node.expectVolumeFailure("DetachVolume", "not_attached", instance, volume)
        try await node.attach(volume, to: instance, leading: [volume])
        try await node.expectVolumeFailure("AttachVolume", "already_attached", instance, volume)
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.expectVolumeFailure("AttachVolume", "already_attached", instance, volume)
        try node.send("DetachVolume", of: instance, volume)
        try await node.volumes([], of: instance)
        try await node.expectVolumeFailure("DetachVolume", "not_attached", instance, volume)
      }
    }

    @Test func `detach_failure: a guest that does not let go of its disk keeps it`() async throws {
      try await Node.run(Node.withVolumes()) { node in
        let volume = try node.makeVolume()
        // Without a system nobody answers.
        let instance = try await node.startInstance()
        try await node.attach(volume, to: instance, leading: [volume])
        try await node.expectVolumeFailure("DetachVolume", "detach_failure", instance, volume)
        try expectLog(of: node, "the guest has not let go of the disk within 10 s")
        try await node.volumes([volume], of: instance)
        #expect(try Set(VolumeTests.open(by: node.machine(instance), in: node)) == [volume])
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try node.send("DetachVolume", of: instance, volume)
        try await node.volumes([], of: instance)
      }
    }

    @Test func `state_failure: what cannot be written down is not done`() async throws {
      try await Node.run(Node.withVolumes()) { node in
        let (volume, attached) = (try node.makeVolume(), try node.makeVolume())
        let instance = try await node.startInstance()
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.attach(attached, to: instance, leading: [attached])
        let folder = "\(node.instances)/\(instance)"
        chown(folder, 0, 0)
        chmod(folder, 0o755)
        try await node.expectVolumeFailure("AttachVolume", "state_failure", instance, volume)
        try await node.expectVolumeFailure("DetachVolume", "state_failure", instance, attached)
        try await node.volumes([attached], of: instance)
        chown(folder, Node.vmmUser, Node.vmmUser)
        try await node.attach(volume, to: instance, leading: [volume, attached])
      }
    }

    @Test func `instance_failure: an instance whose state cannot be read`() async throws {
      try await Node.run(Node.withVolumes()) { node in
        let volume = try node.makeVolume()
        let instance = try await node.startInstance()
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.stopLauncher()
        try Data("{".utf8).write(to: URL(fileURLWithPath: "\(node.instances)/\(instance)/state"))
        try await node.startLauncher()
        for command in Self.commands {
          try await node.expectVolumeFailure(command, "instance_failure", instance, volume)
        }
      }
    }

    @Test func `not_supported: a node without volumes; launch_failure: START with storage there`() async throws {
      try await Node.run { node in
        let (instance, volume) = (try await node.startInstance(), UUID().uuidString.lowercased())
        for command in Self.commands {
          try await node.expectVolumeFailure(command, "not_supported", instance, volume)
        }
        var start = StartPayload()
        start.storage = "[{id: \(volume)}]"
        try await node.expectFailure("StartFailure", "launch_failure", of: start.instance, by: "START", start.text)
        try expectLog(of: node, "volumes are off on this node: start launcher with -volumes")
      }
    }

    @Test func `launch_failure: a volume that is missing leaves nothing of a START, and an instance to RESTART later`()
      async throws
    {
      try await Node.run(Node.withVolumes()) { node in
        let volume = try node.makeVolume()
        let path = node.path(ofVolume: volume)
        var start = StartPayload()
        start.storage = "[{id: \(volume)}]"
        rename(path, "\(path).away")
        try await node.expectFailure("StartFailure", "launch_failure", of: start.instance, by: "START", start.text)
        try expectLog(of: node, "volume \(volume): there is none of this name")
        rename("\(path).away", path)
        let instance = try await node.startInstance(start)
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        rename(path, "\(path).away")
        try await node.expectFailure(
          "RestartFailure", "launch_failure", of: instance, by: "RESTART", "restart: {instance_uuid: \(instance)}")
        rename("\(path).away", path)
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
      }
    }
  }
}
