import Foundation
import Testing

extension Integration {
  /// launcher-vmm, or all of launcher, ends at each step of AttachVolume and DetachVolume.
  @Suite struct VolumeCrashTests {
    private static let steps = [
      (command: "AttachVolume", points: ["volume-recorded", "volume-passed", "volume-opened", "volume-plugged"]),
      (command: "DetachVolume", points: ["volume-left", "volume-unplugged", "volume-forgotten"]),
    ]

    private static var options: Node.Options {
      var options = Node.withVolumes()
      options.isDebugBuild = true
      return options
    }

    @Test func `launcher-vmm killed at any step of AttachVolume and DetachVolume carries it out in its next life`()
      async throws
    {
      try await run { node, instance, volume in
        for (command, points) in Self.steps {
          let volumes = command == "AttachVolume" ? [volume] : []
          for (index, point) in points.enumerated() {
            let mark = try node.mark
            kill(try await hold(node, at: point, command, instance, volume), SIGKILL)
            try await expect(volumes, node, instance, point)
            try await node.settle()
            #expect(node.frames(since: mark).count { $0.type == "ERROR" } == 1, "only the one of `settle`: \(point)")
            try await node.forgetEarlyEnds(after: index + 1)
            if index == points.count - 1 { continue }
            try await change(command == "AttachVolume" ? "DetachVolume" : "AttachVolume", node, instance, volume)
          }
        }
      }
    }

    @Test func `launcher killed at any step of AttachVolume and DetachVolume knows what the machine has, and goes on`()
      async throws
    {
      try await run { node, instance, volume in
        for (command, points) in Self.steps {
          for (index, point) in points.enumerated() {
            _ = try await hold(node, at: point, command, instance, volume)
            try await node.killLauncher()
            try await node.wait("launcher's processes to end") { node.launcherProcesses.isEmpty }
            try await node.startLauncher()
            // The disk is there, or nothing of it.
            let isThere = point == "volume-plugged"
            try await expect(isThere ? [volume] : [], node, instance, point)
            if isThere != (command == "AttachVolume") { try await change(command, node, instance, volume) }
            if index == points.count - 1 { continue }
            try await change(command == "AttachVolume" ? "DetachVolume" : "AttachVolume", node, instance, volume)
          }
        }
      }
    }

    @Test func `an interrupted AttachVolume is not taken for done while its machine does not answer, nor kept listed`()
      async throws
    {
      try await Node.run(Self.options) { node in
        let volume = try node.makeVolume()
        let instance = try await node.startInstance()
        let machine = try node.machine(instance)
        let mark = try node.mark
        let vmm = try await hold(node, at: "volume-recorded", "AttachVolume", instance, volume)
        kill(machine, SIGSTOP)
        defer { kill(machine, SIGCONT) }
        kill(vmm, SIGKILL)
        let failure = try await node.frame("the failure", since: mark) { $0.isError("AttachVolumeFailure") }
        #expect(failure["reason"] == "attach_failure" && failure["volume_uuid"] == volume)
        try expectLog(
          of: node, "\(instance): AttachVolume failed", "ask its machine whether volume \(volume) is attached")
        // It may have come there.
        try await node.volumes([volume], of: instance)
        try await node.expectVolumeFailure("AttachVolume", "attach_failure", instance, volume)
        kill(machine, SIGCONT)
        try await node.volumes([], of: instance)
        #expect(try VolumeTests.open(by: machine, in: node).isEmpty)
        try await change("AttachVolume", node, instance, volume)
        try await expect([volume], node, instance, "the machine answers")
      }
    }

    /// A guest that lets go of its disks.
    private func run(_ test: (Node, _ instance: String, _ volume: String) async throws -> Void) async throws {
      try await Node.run(Self.options) { node in
        let volume = try node.makeVolume()
        let instance = try await node.startInstance(StartPayload(image: Node.image, memory: 256))
        try await node.wait("the guest", within: 180) { node.console(instance).contains("GUEST-READY\n") }
        try await test(node, instance, volume)
        try await node.delete(instance)
      }
    }

    private func change(_ command: String, _ node: Node, _ instance: String, _ volume: String) async throws {
      try node.send(command, of: instance, volume)
      try await node.volumes(command == "AttachVolume" ? [volume] : [], of: instance)
    }

    private func expect(_ volumes: [String], _ node: Node, _ instance: String, _ point: String) async throws {
      try await node.volumes(volumes, of: instance)
      try await node.wait("the machine to have \(volumes) after \(point)") {
        try Set(VolumeTests.open(by: node.machine(instance), in: node)) == Set(volumes)
      }
    }

    /// Sends the command and returns when launcher-vmm stands still at `point`: its process.
    private func hold(_ node: Node, at point: String, _ command: String, _ instance: String, _ volume: String)
      async throws -> pid_t
    {
      let vmm = try node.pid(of: .vmm)
      let file = "\(node.instances)/.stop-at"
      try Data(point.utf8).write(to: URL(fileURLWithPath: file))
      chown(file, Node.vmmUser, Node.vmmUser)
      try node.send(command, of: instance, volume)
      try await node.wait("launcher-vmm to stand still at \(point)") { !node.exists(file) }
      return vmm
    }
  }
}
