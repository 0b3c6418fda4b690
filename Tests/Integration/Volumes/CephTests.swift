import Foundation
import Testing

extension Integration {
  /// RBD volumes in a real Ceph of one monitor and one OSD, whose packages are large, and what takes its time: they have
  /// a target of their own, `make test-rbd`.
  @Suite struct CephTests {
    private static let written = "written by the guest"

    private static var ceph: String {
      URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "RBD/ceph").path
    }

    private struct Cluster {
      let node: Node

      /// Where the script keeps it.
      private var folder: String { "\(node.folder)/cluster" }

      func start() throws {
        try ChildProcess.run(node.inNetwork + [ceph, "start", folder])
        for name in ["ceph.conf", "ceph.client.launcher.keyring"] {
          try FileManager.default.copyItem(atPath: "\(folder)/etc/\(name)", toPath: "\(node.ceph)/\(name)")
        }
        try node.giveKey()
      }

      /// Sends the OSD a signal.
      func signalOSD(_ number: Int32) throws {
        let text = try String(contentsOfFile: "\(folder)/osd.0.pid", encoding: .utf8)
        kill(try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))), number)
      }

      func stop() throws { try ChildProcess.run(node.inNetwork + [ceph, "stop", folder]) }

      @discardableResult func rbd(_ arguments: String...) throws -> String {
        try ChildProcess.run(
          node.inNetwork + ["/usr/bin/timeout", "60", "/usr/bin/rbd", "--conf", "\(folder)/admin.conf"] + arguments)
      }

      /// Makes an image; gives its name, a UUID.
      func makeImage() throws -> String {
        let volume = UUID().uuidString.lowercased()
        try rbd("create", "--size", "1M", "volumes/\(volume)")
        return volume
      }

      /// What the guest has written into an image.
      func text(_ volume: String) throws -> String {
        let copy = "\(node.folder)/copy-\(volume)"
        try rbd("export", "volumes/\(volume)", copy)
        let content = try Data(contentsOf: URL(fileURLWithPath: copy))
        return String(decoding: content.dropFirst(512).prefix(written.utf8.count), as: UTF8.self)
      }
    }

    /// Runs `test` on a node beside a Ceph, in a network of their own.
    private func run(_ volumes: String = "rbd:volumes", _ test: (Node, Cluster) async throws -> Void) async throws {
      var options = Node.withRBD(volumes)
      options.hasOwnNetwork = true
      try await Node.run(options) { node in
        let cluster = Cluster(node: node)
        do {
          try cluster.start()
          try await test(node, cluster)
        } catch {
          try cluster.stop()
          throw error
        }
        try cluster.stop()
      }
    }

    @Test func `rbd: a guest writes to the image of START and to one that comes later, which outlive it`() async throws
    {
      try await run { node, cluster in
        let (first, second) = (try cluster.makeImage(), try cluster.makeImage())
        var start = StartPayload(image: Node.image, memory: 256)
        start.storage = "[{id: \(first)}]"
        start.userData = "guest-volumes: yes\n"
        let instance = try await node.startInstance(start)
        func console(_ line: String) async throws {
          try await node.wait("the guest to say \(line)", within: 180) { node.console(instance).contains(line) }
        }
        try await node.volumes([first], of: instance)
        try await console("GUEST-VOLUME-WRITTEN: \(first.prefix(20))\n")
        #expect(try cluster.text(first) == Self.written)
        try await node.attach(second, to: instance, leading: [first, second])
        try await console("GUEST-VOLUME-WRITTEN: \(second.prefix(20))\n")
        #expect(try cluster.text(second) == Self.written)

        for (volume, rest) in [(first, [second]), (second, [])] {
          try node.send("DetachVolume", of: instance, volume)
          try await node.volumes(rest, of: instance)
          try await console("GUEST-VOLUME-GONE: \(volume.prefix(20))\n")
          let status = try cluster.rbd("status", "volumes/\(volume)")
          #expect(status.contains("Watchers: none"), "\(status)")
        }
        // One that is not there.
        let missing = UUID().uuidString.lowercased()
        try await node.expectVolumeFailure("AttachVolume", "attach_failure", instance, missing)
        try expectLog(of: node, "error reading header from \(missing): No such file or directory")
        // Again, and the machine is taken over by another launcher with it.
        try await node.attach(second, to: instance, leading: [second])
        try await node.stopLauncher()
        try await node.startLauncher()
        try await node.volumes([second], of: instance)
        let configuration = "\(node.folder)/launcher.conf"
        try Data("volumes = rbd:volumes\n".utf8).write(to: URL(fileURLWithPath: configuration))
        let audit = try Audit(node, configuration: configuration)
        #expect(audit.deviations.isEmpty, "\(audit.table)")
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        try await node.delete(instance)
        #expect(try cluster.rbd("ls", "volumes").contains(second))
      }
    }

    @Test func `rbd: a machine whose Ceph stands still goes on with it`() async throws {
      try await run { node, cluster in
        let (first, second) = (try cluster.makeImage(), try cluster.makeImage())
        var start = StartPayload(image: Node.image, memory: 256)
        start.storage = "[{id: \(first)}]"
        start.userData = "guest-volumes: yes\n"
        let instance = try await node.startInstance(start)
        func console(_ line: String) async throws {
          try await node.wait("the guest to say \(line)", within: 180) { node.console(instance).contains(line) }
        }
        try await console("GUEST-VOLUME-WRITTEN: \(first.prefix(20))\n")
        try cluster.signalOSD(SIGSTOP)
        try await node.expectVolumeFailure("AttachVolume", "attach_failure", instance, second)
        try expectLog(
          of: node, "AttachVolume failed with attach_failure: QMP: ", "nobody knows whether it was attached")
        try cluster.signalOSD(SIGCONT)
        try node.send("DetachVolume", of: instance, second)
        try await node.volumes([first], of: instance)
        try await node.attach(second, to: instance, leading: [first, second])
        try await console("GUEST-VOLUME-WRITTEN: \(second.prefix(20))\n")
        #expect(try cluster.text(second) == Self.written)
        try await node.delete(instance)
      }
    }

    @Test func `attach_failure: a machine that waits for Ceph longer than launcher waits for it can be stopped`()
      async throws
    {
      try await Node.run(Node.withRBD()) { node in
        let port = try CephPort()
        port.listen()
        try node.writeCeph(monitors: "[v2:127.0.0.1:\(port.number)]", timeout: 300)
        let volume = UUID().uuidString.lowercased()
        let instance = try await node.startInstance()
        try await node.expectVolumeFailure("AttachVolume", "attach_failure", instance, volume)
        try expectLog(
          of: node, "AttachVolume failed with attach_failure: QMP: ", "nobody knows whether it was attached")
        try await node.volumes([volume], of: instance)
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        #expect(node.machines(instance).isEmpty)
        try node.send("DetachVolume", of: instance, volume)
        try await node.volumes([], of: instance)
        try await node.delete(instance)
      }
    }

    @Test func `rbd: a machine boots from an image of a namespace`() async throws {
      try await run("rbd:volumes/tenants?id=launcher") { node, cluster in
        let system = UUID().uuidString.lowercased()
        try cluster.rbd("import", "--image-format", "2", node.surroundings.guestImage, "volumes/tenants/\(system)")
        var start = StartPayload(image: "", memory: 256)
        start.storage = "[{id: \(system), boot: true}]"
        let instance = try await node.startInstance(start)
        try await node.wait("the guest", within: 180) { node.console(instance).contains("GUEST-READY\n") }
        try await node.delete(instance)
      }
    }
  }
}
