import Foundation
import Testing

extension Integration {
  /// Volumes of machines, as the scheduler and the guest see them.
  @Suite struct VolumeTests {
    private static let watching = "guest-volumes: yes\n"

    /// Where the guest writes into a volume, and what.
    private static let place: UInt64 = 512
    private static let written = "written by the guest"

    private func text(_ node: Node, _ name: String) throws -> String {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: node.path(ofVolume: name)))
      try file.seek(toOffset: Self.place)
      return String(decoding: try file.read(upToCount: Self.written.utf8.count) ?? Data(), as: UTF8.self)
    }

    private func serial(_ volume: String) -> String { String(volume.prefix(20)) }

    @Test func `a guest finds the volumes of START, one that comes later, and what it writes is in their files`()
      async throws
    {
      try await Node.run(Node.withVolumes()) { node in
        let first = try node.makeVolume("the first one---")
        let second = try node.makeVolume(suffix: ".qcow2", "create -q -f qcow2 FILE 3M")
        var start = StartPayload(image: Node.image, memory: 256)
        start.storage = "[{id: \(first)}]"
        start.userData = Self.watching
        let instance = try await node.startInstance(start)
        func console(_ line: String) async throws {
          try await node.wait("the guest to say \(line)", within: 180) { node.console(instance).contains(line) }
        }
        try await node.volumes([first], of: instance)
        try await console("GUEST-VOLUME: \(serial(first)) 2048 the first one---\n")
        try await console("GUEST-VOLUME-WRITTEN: \(serial(first))\n")
        #expect(try text(node, first) == Self.written)

        try await node.attach(second, to: instance, leading: [first, second])
        try await console("GUEST-VOLUME: \(serial(second)) 6144 ")
        try await console("GUEST-VOLUME-WRITTEN: \(serial(second))\n")

        let machine = try node.machine(instance)
        for (volume, rest) in [(first, [second]), (second, [])] {
          try node.send("DetachVolume", of: instance, volume)
          try await node.volumes(rest, of: instance)
          try await console("GUEST-VOLUME-GONE: \(serial(volume))\n")
        }
        #expect(try node.machine(instance) == machine)
        let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(machine)/fd").compactMap {
          try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(machine)/fd/\($0)")
        }
        #expect(!files.contains { $0.hasPrefix(node.volumes) }, "\(files)")
        // Nobody holds it any more: qemu-img takes the lock.
        try ChildProcess.run([
          "/usr/bin/qemu-img", "convert", "-O", "raw", node.path(ofVolume: "\(second).qcow2"),
          node.path(ofVolume: "copy"),
        ])
        #expect(try text(node, "copy") == Self.written)

        // And again, into the same slots.
        try await node.attach(second, to: instance, leading: [second])
        try await node.wait("the guest to see it again") {
          node.console(instance).components(separatedBy: "GUEST-VOLUME: \(serial(second)) ").count == 3
        }
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.delete(instance)
        #expect(node.exists(node.path(ofVolume: first)) && node.exists(node.path(ofVolume: "\(second).qcow2")))
      }
    }

    @Test(arguments: ["legacy", "efi"])
    func `a machine boots from a volume, without an image, and again`(firmware: String) async throws {
      try await Node.run(Node.withVolumes()) { node in
        let system = UUID().uuidString.lowercased()
        let path = node.path(ofVolume: system)
        try FileManager.default.copyItem(atPath: node.surroundings.guestImage, toPath: path)
        chown(path, Node.vmmUser, Node.vmmUser)
        var start = StartPayload(image: "", firmware: firmware, memory: 256)
        start.storage = "[{id: \(system), boot: true}]"
        let instance = try await node.startInstance(start)
        try await node.wait("the guest", within: 180) { node.console(instance).contains("GUEST-READY\n") }
        #expect(!node.exists("\(node.instances)/\(instance)/image.qcow2"))
        try await node.expectVolumeFailure("DetachVolume", "detach_failure", instance, system)
        if firmware == "efi" { return try await node.delete(instance) }
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        unlink("\(node.instances)/\(instance)/console.log")
        try node.send("RESTART", of: instance)
        try await node.wait("the guest", within: 180) { node.console(instance).contains("GUEST-READY\n") }
        try await node.delete(instance)
        #expect(node.exists(path))
      }
    }

    @Test func `an ephemeral volume is made for its instance and goes with it, or before it`() async throws {
      try await Node.run(Node.withVolumes()) { node in
        let (made, other) = (UUID().uuidString.lowercased(), UUID().uuidString.lowercased())
        let there = try node.makeVolume()
        var start = StartPayload()
        start.storage =
          "[{id: \(made), ephemeral: true, size: 3}, {id: \(other), local: true, size: 1}, {id: \(there), ephemeral: true, size: 1}]"
        let instance = try await node.startInstance(start)
        let folder = "\(node.instances)/\(instance)"
        let told = try ChildProcess.run([
          "/usr/bin/qemu-img", "info", "--force-share", "--output=json", "\(folder)/volume-\(made).qcow2",
        ])
        #expect(told.contains("\"virtual-size\": \(3 << 30),"), "\(told)")
        #expect(!node.exists("\(folder)/volume-\(there).qcow2"), "one that is there is used")
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try node.send("DetachVolume", of: instance, other)
        try await node.volumes([made, there], of: instance)
        #expect(!node.exists("\(folder)/volume-\(other).qcow2"))
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        #expect(node.exists("\(folder)/volume-\(made).qcow2"))
        try await node.delete(instance)
        #expect(try FileManager.default.contentsOfDirectory(atPath: node.volumes) == [there])
      }
    }

    @Test func `volumes come and go while an instance is stopped, and a restart of launcher forgets none`() async throws
    {
      try await Node.run(Node.withVolumes()) { node in
        let volumes = try (0..<3).map { _ in try node.makeVolume() }
        let instance = try await node.startInstance()
        try await node.attach(volumes[0], to: instance, leading: [volumes[0]])
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.attach(volumes[1], to: instance, leading: Array(volumes.prefix(2)))
        try node.send("DetachVolume", of: instance, volumes[0])
        try await node.volumes([volumes[1]], of: instance)
        try await node.stopLauncher()
        try await node.startLauncher()
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        try await node.attach(volumes[2], to: instance, leading: Array(volumes.suffix(2)))
        #expect(try Set(Self.open(by: node.machine(instance), in: node)) == Set(volumes.suffix(2)))
        try await node.killLauncher()
        try await node.wait("launcher's processes to end") { node.launcherProcesses.isEmpty }
        try await node.startLauncher()
        try await node.volumes(Array(volumes.suffix(2)), of: instance)
        #expect(try Set(Self.open(by: node.machine(instance), in: node)) == Set(volumes.suffix(2)))
        try await node.delete(instance)
      }
    }

    @Test func `launcherctl attaches a volume and detaches it, and says what came of that`() async throws {
      try await Node.run(Node.withVolumes()) { node in
        let volume = try node.makeVolume()
        let instance = try await node.startInstance()
        try await node.withLauncherctl { launcherctl in
          func expect(_ command: String, _ status: Int32, _ text: String) throws {
            let told = try launcherctl(command, instance, volume, "-wait", "60s")
            #expect(told.status == status && told.text.contains("instance \(instance): \(text)"), "\(told)")
          }
          try await node.wait("STATS of the instance") { try launcherctl("instances").text.contains(instance) }
          try expect("attach", 0, "attached\n")
          #expect(try Set(Self.open(by: node.machine(instance), in: node)) == [volume])
          try expect("attach", 1, "AttachVolumeFailure, reason already_attached")
          #expect(try launcherctl("stop", instance, "-wait", "60s").status == 0)
          try expect("detach", 0, "detached\n")
          try expect("detach", 1, "DetachVolumeFailure, reason not_attached")
        }
        try await node.delete(instance)
      }
    }

    /// A QEMU lets nobody else write a file: it has locked the byte of its file that says so.
    static func isHeldAlone(_ path: String) throws -> Bool {
      let byte = 201
      var status = stat()
      guard stat(path, &status) == 0 else { return false }
      return try String(contentsOfFile: "/proc/locks", encoding: .utf8).split(separator: "\n").contains { line in
        let words = line.split(separator: " ")
        guard words.count >= 8, words[5].hasSuffix(":\(status.st_ino)"), let first = Int(words[6]) else { return false }
        return first <= byte && byte <= Int(words[7]) ?? .max
      }
    }

    /// The volumes whose files a process has open.
    static func open(by process: pid_t, in node: Node) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").compactMap {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)")
        return path.flatMap { $0.hasPrefix(node.volumes) ? String($0.split(separator: "/").last ?? "") : nil }
      }
    }
  }
}
