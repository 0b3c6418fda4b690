import Foundation
import Testing

extension Integration {
  /// RBD volumes as far as a machine without Ceph allows: QEMU's RBD driver, in its jail, and nobody who answers it.
  /// What it is with a Ceph, `CephTests` see.
  @Suite struct RBDTests {
    @Test func `launch_failure: QEMU says why it does not open an RBD image, and the instance waits for RESTART`()
      async throws
    {
      try await Node.run(Node.withRBD()) { node in
        let port = try CephPort()
        var start = StartPayload()
        start.storage = "[{id: \(UUID().uuidString.lowercased())}]"
        let instance = start.instance
        let mark = try node.mark
        try node.send("START", start.text)
        let answer = try await node.frame("StartFailure", since: mark) { $0.isError("StartFailure") }
        #expect(answer["reason"] == "launch_failure" && answer["instance_uuid"] == instance)
        try expectLog(of: node, "error reading conf file /etc/ceph/ceph.conf: No such file or directory")
        func restart(_ words: String) async throws {
          try await node.expectFailure(
            "RestartFailure", "launch_failure", of: instance, by: "RESTART", "restart: {instance_uuid: \(instance)}")
          try expectLog(of: node, words)
          #expect(node.machines(instance).isEmpty)
        }
        try node.writeCeph(monitors: "no-monitor.invalid")
        try await restart("error connecting: Invalid argument")
        try node.writeCeph(monitors: "[v2:127.0.0.1:\(port.number)]")
        try await restart("error connecting: Connection timed out")
        // Through the jail.
        port.listen()
        try await restart("error connecting: Connection timed out")
        #expect(port.hasVisitor)
        try await node.delete(instance)
      }
    }

    @Test func `attach_failure: a machine outlives an image that it cannot open, and nothing of it is left`()
      async throws
    {
      try await Node.run(Node.withRBD("rbd:volumes/tenants?id=node1")) { node in
        let port = try CephPort()
        port.listen()
        try node.writeCeph(monitors: "[v2:127.0.0.1:\(port.number)]", user: "node1")
        let volume = UUID().uuidString.lowercased()
        let instance = try await node.startInstance()
        let machine = try node.machine(instance)
        try await node.expectVolumeFailure("AttachVolume", "attach_failure", instance, volume)
        try expectLog(
          of: node, "AttachVolume failed with attach_failure: QMP: ", "error connecting: Connection timed out")
        #expect(port.hasVisitor)
        try await node.expectVolumeFailure("DetachVolume", "not_attached", instance, volume)
        try await node.volumes([], of: instance)
        #expect(try node.machine(instance) == machine)
        let configuration = "\(node.folder)/launcher.conf"
        try Data("volumes = rbd:volumes/tenants?id=node1\n".utf8).write(to: URL(fileURLWithPath: configuration))
        let audit = try Audit(node, configuration: configuration)
        #expect(audit.deviations.isEmpty, "\(audit.table)")
        #expect(
          audit.table.contains(
            "volumes: on. Machines may connect to Ceph's ports anywhere, and have the key of client.node1: rbd:volumes/tenants."
          ))
        // What is put in the place of a file is another file; Ceph knows no other reason for which it cannot be read.
        try node.writeCeph(monitors: "[v2:127.0.0.1:\(port.number)]", user: "node1", name: "new.conf")
        rename("\(node.ceph)/new.conf", "\(node.ceph)/ceph.conf")
        try await node.expectVolumeFailure("AttachVolume", "attach_failure", instance, volume)
        try expectLog(of: node, "error reading conf file /etc/ceph/ceph.conf: No such file or directory", "RESTART it")
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.delete(instance)
      }
    }

    @Test func `rbd: an ephemeral volume is a file of its instance`() async throws {
      try await Node.run(Node.withRBD()) { node in
        let volume = UUID().uuidString.lowercased()
        var start = StartPayload()
        start.storage = "[{id: \(volume), ephemeral: true, size: 1}]"
        let instance = try await node.startInstance(start)
        #expect(node.exists("\(node.instances)/\(instance)/volume-\(volume).qcow2"))
        try await node.volumes([volume], of: instance)
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try FileManager.default.removeItem(atPath: "\(node.instances)/\(instance)/volume-\(volume).qcow2")
        try await node.expectFailure(
          "RestartFailure", "launch_failure", of: instance, by: "RESTART", "restart: {instance_uuid: \(instance)}")
        try expectLog(of: node, "volume \(volume): its file is gone")
        try await node.delete(instance)
      }
    }
  }
}
