import Foundation
import Testing

extension Integration {
  /// Every reason for which STOP, RESTART and DELETE fail.
  @Suite struct OtherFailureTests {
    static let commands = [("STOP", "StopFailure"), ("RESTART", "RestartFailure"), ("DELETE", "DeleteFailure")]

    @Test func `no_instance: the node has no such instance`() async throws {
      try await Node.run { node in
        for (command, error) in Self.commands {
          let nobody = UUID().uuidString.lowercased()
          try await node.expectFailure(
            error, "no_instance", of: nobody, by: command, "\(command.lowercased()):\n  instance_uuid: \(nobody)\n")
        }
      }
    }

    @Test func `invalid_payload: text of another command that is no YAML`() async throws {
      try await Node.run { node in
        for (command, error) in Self.commands {
          try await node.expectFailure(error, "invalid_payload", of: "", by: command, "\(command.lowercased()): [")
        }
      }
    }

    @Test func `invalid_data: YAML that names no instance`() async throws {
      try await Node.run { node in
        for (command, error) in Self.commands {
          let key = command.lowercased()
          for payload in ["", "\(key):\n", "other: {instance_uuid: 0a}\n", "\(key): {instance_uuid: nobody}\n"] {
            try await node.expectFailure(error, "invalid_data", of: "", by: command, payload)
          }
          let twice = "\(key): {instance_uuid: 0a}\n---\n\(key): {instance_uuid: 0a}\n"
          try await node.expectFailure(error, "invalid_data", of: "0a", by: command, twice)
        }
      }
    }

    @Test func `invalid_data: DELETE of a folder that cannot be removed keeps the instance`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        chown(node.instances, 0, 0)
        chmod(node.instances, 0o755)
        try await node.expectFailure(
          "DeleteFailure", "invalid_data", of: instance, by: "DELETE", "delete: {instance_uuid: \(instance)}")
        chown(node.instances, Node.vmmUser, Node.vmmUser)
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        try await node.delete(instance)
      }
    }

    @Test func `a file that DELETE cannot remove keeps neither the instance nor the next launcher`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        // Root's, so that launcher-vmm cannot empty it.
        let alien = "\(node.instances)/\(instance)/alien"
        try FileManager.default.createDirectory(atPath: alien, withIntermediateDirectories: false)
        try Data().write(to: URL(fileURLWithPath: "\(alien)/file"))
        try await node.delete(instance)
        #expect(!node.exists("\(node.instances)/\(instance)"))
        try await node.stopLauncher()
        let mark = try node.mark
        try await node.startLauncher()
        try await node.settle()
        #expect(node.frames(since: mark).first(where: \.isStats)?.instances.isEmpty == true)
        try expectLog(of: node, ".deleted-\(instance)", "tried again at the next start")
      }
    }

    @Test func `already_stopped: STOP of a machine that does not run; already_running: RESTART of one that does`()
      async throws
    {
      try await Node.run { node in
        let instance = try await node.startInstance()
        let machine = try node.machine(instance)
        try await node.expectFailure(
          "RestartFailure", "already_running", of: instance, by: "RESTART", "restart: {instance_uuid: \(instance)}")
        #expect(try node.machine(instance) == machine)
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.expectFailure(
          "StopFailure", "already_stopped", of: instance, by: "STOP", "stop: {instance_uuid: \(instance)}")
      }
    }

    @Test func `instance_corrupt: a state file that cannot be read; the folder stays until DELETE`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.stopLauncher()
        let state = "\(node.instances)/\(instance)/state"
        try Data("{\"version\": 1, \"spec\"".utf8).write(to: URL(fileURLWithPath: state))
        chown(state, Node.vmmUser, Node.vmmUser)
        try await node.startLauncher()

        try await node.state("exited", of: instance)
        try await node.expectFailure(
          "RestartFailure", "instance_corrupt", of: instance, by: "RESTART", "restart: {instance_uuid: \(instance)}")
        try await node.expectFailure(
          "StopFailure", "already_stopped", of: instance, by: "STOP", "stop: {instance_uuid: \(instance)}")
        #expect(node.exists("\(node.instances)/\(instance)/image.qcow2"))
        try await node.delete(instance)
        #expect(!node.exists("\(node.instances)/\(instance)"))
      }
    }

    @Test func `launch_failure: a machine that does not come up, and does when the cause is gone`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        let image = "\(node.images)/\(Node.blankImage)"
        rename(image, "\(image).away")
        try await node.expectFailure(
          "RestartFailure", "launch_failure", of: instance, by: "RESTART", "restart: {instance_uuid: \(instance)}")
        try expectLog(
          of: node, "RESTART failed with launch_failure: start QEMU: jail of qemu-system-x86_64",
          "No such file or directory")
        rename("\(image).away", image)
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
      }
    }
  }
}
