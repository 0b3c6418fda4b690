import Foundation
import Glibc
import Testing

extension Integration {
  /// RBD volumes as far as a machine without Ceph allows: QEMU's RBD driver, in its jail, and nobody who answers it.
  /// What it is with a Ceph, `CephTests` see.
  @Suite struct RBDTests {
    /// A port of Ceph's that nobody listens at, or at which somebody listens and says nothing.
    private final class Port {
      let number: UInt16
      private let socket: Int32

      init() throws {
        for port: UInt16 in 7000...7300 {
          let socket = Glibc.socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
          var address = sockaddr_in()
          address.sin_family = sa_family_t(AF_INET)
          address.sin_port = port.bigEndian
          address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
          let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
              bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
          }
          if code == 0 {
            (number, self.socket) = (port, socket)
            return
          }
          close(socket)
        }
        throw HarnessError("no port is free")
      }

      func listen() { Glibc.listen(socket, 64) }

      /// Somebody has connected to it.
      var hasVisitor: Bool {
        let visitor = accept(socket, nil, nil)
        if visitor >= 0 { close(visitor) }
        return visitor >= 0
      }

      deinit { close(socket) }
    }

    @Test func `launch_failure: QEMU says why it does not open an RBD image, and the instance waits for RESTART`()
      async throws
    {
      try await Node.run(Node.withRBD()) { node in
        let port = try Port()
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
        let port = try Port()
        port.listen()
        try node.writeCeph(monitors: "[v2:127.0.0.1:\(port.number)]", user: "node1")
        let volume = UUID().uuidString.lowercased()
        let instance = try await node.startInstance()
        let machine = try node.machine(instance)
        for _ in 0..<2 {
          try await node.expectVolumeFailure("AttachVolume", "attach_failure", instance, volume)
          try expectLog(
            of: node, "AttachVolume failed with attach_failure: QMP: ", "error connecting: Connection timed out")
          #expect(port.hasVisitor)
        }
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
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.delete(instance)
      }
    }

    @Test func `attach_failure: a machine that waits for Ceph longer than launcher waits for it can be stopped`()
      async throws
    {
      try await Node.run(Node.withRBD()) { node in
        let port = try Port()
        port.listen()
        try node.writeCeph(monitors: "[v2:127.0.0.1:\(port.number)]", timeout: 300)
        let volume = UUID().uuidString.lowercased()
        let instance = try await node.startInstance()
        try await node.expectVolumeFailure("AttachVolume", "attach_failure", instance, volume)
        try expectLog(of: node, "AttachVolume failed with attach_failure: QMP: ", "could not be undone")
        try await node.volumes([volume], of: instance)
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        #expect(node.machines(instance).isEmpty)
        try node.send("DetachVolume", of: instance, volume)
        try await node.volumes([], of: instance)
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
        try await node.delete(instance)
      }
    }
  }
}
