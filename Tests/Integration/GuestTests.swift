import Foundation
import Testing

extension Integration {
  /// What a guest finds, told by a guest.
  @Suite struct GuestTests {
    /// User data with everything that text might lose on its way: over a MiB, lines that end in CR LF, characters
    /// beyond ASCII, blanks at line ends, and no newline at the end.
    private static let awkwardText =
      "#cloud-config\r\nruncmd:\r\n  - [ echo, \"Grüße, 世界 🌍\" ]   \r\n"
      + String(repeating: "# Füllzeile mit Blanks am Ende: \t \r\n", count: 30_000) + "# the end"

    @Test(arguments: ["legacy", "efi"])
    func `user data reach the guest byte for byte, in both firmwares`(firmware: String) async throws {
      try await Node.run { node in
        #expect(Self.awkwardText.utf8.count > 1_048_576)
        // The section first, so that the user data's last byte is the payload's.
        let start = StartPayload(image: Node.image, firmware: firmware, memory: 256)
        let metaData = "{\"uuid\": \"\(start.instance)\", \"hostname\": \"named-by-the-payload\"}"
        try node.send("START", "\(start.section)---\n\(metaData)\n---\n\(Self.awkwardText)")
        try await node.wait("the guest", within: 180) { node.console(start.instance).contains("GUEST-READY\n") }
        let console = node.console(start.instance)
        #expect(console.contains("GUEST-FIRMWARE: \(firmware)\n"))
        #expect(console.contains("GUEST-USER-DATA-SHA256: \(try Self.sha256(Self.awkwardText, node))\n"), "\(console)")
        #expect(console.contains("GUEST-HOSTNAME: named-by-the-payload\n"))
        #expect(console.contains("GUEST-CONFIG-DRIVE: read-only\n"))
        #expect(console.contains("GUEST-RNG: virtio_rng.0\n"))
      }
    }

    @Test func `-ovmf names firmware in one file, which boots`() async throws {
      try await Node.run(Node.Options(["ovmf": "/usr/share/ovmf/OVMF.fd"])) { node in
        let instance = try await node.startInstance(StartPayload(image: Node.image, firmware: "efi", memory: 256))
        try await node.wait("the guest", within: 180) { node.console(instance).contains("GUEST-READY\n") }
        #expect(node.console(instance).contains("GUEST-FIRMWARE: efi\n"))
        #expect(!node.exists("\(node.instances)/\(instance)/efi-variables.fd"))
        // A node that has firmware in two files later gives the machine its variables.
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.stopLauncher()
        try await node.startLauncher(more: ["-ovmf=/usr/share/OVMF/OVMF_CODE_4M.fd"])
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        #expect(node.exists("\(node.instances)/\(instance)/efi-variables.fd"))
      }
    }

    @Test func `options that no machine can have are refused with what to do instead`() async throws {
      try await Node.run { node in
        try await node.stopLauncher()
        let window = try node.runLauncher(["-with-ui=window"])
        #expect(window.status == 2 << 8)
        #expect(window.output.contains("-with-ui=window: there is no display: DISPLAY is not set"), "\(window.output)")
        let refused = try node.runLauncher(["-ovmf=/nowhere/OVMF.fd"])
        #expect(refused.status != 0)
        #expect(refused.output.contains("-ovmf /nowhere/OVMF.fd: cannot be read by user"), "\(refused.output)")
        try await node.startLauncher(more: ["-with-ui=none"])
        _ = try await node.startInstance()
      }
    }

    private static func sha256(_ text: String, _ node: Node) throws -> String {
      let file = "\(node.folder)/expected"
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      return String(try ChildProcess.run(["/usr/bin/sha256sum", file]).prefix(64))
    }

    @Test(arguments: [
      (resources: "[]", cpus: 1, megabytes: 256), ("[{type: vcpus, value: 2}, {type: mem_mb, value: 160}]", 2, 160),
    ])
    func `a machine has the processors and the memory that were asked for, or the defaults`(
      resources: String, cpus: Int, megabytes: Int
    ) async throws {
      try await Node.run { node in
        let instance = UUID().uuidString.lowercased()
        try node.send(
          "START",
          """
          start:
            instance_uuid: \(instance)
            tenant_uuid: 0a
            image_uuid: \(Node.image)
            fw_type: legacy
            requested_resources: \(resources)
          """)
        try await node.wait("the guest", within: 180) { node.console(instance).contains("GUEST-READY\n") }
        let console = node.console(instance)
        #expect(console.contains("GUEST-CPUS: \(cpus)\n"))
        let line = try #require(console.split(separator: "\n").first { $0.hasPrefix("GUEST-MEMORY-KB: ") })
        let kilobytes = try #require(line.split(separator: " ").last.flatMap { Int($0) })
        // The kernel keeps some of it for itself.
        #expect(((megabytes - 64) * 1024...megabytes * 1024).contains(kilobytes))
      }
    }

    @Test func `a guest that floods its console harms no other, and its log stays bounded`() async throws {
      try await Node.run { node in
        let payload = StartPayload(image: Node.image, memory: 128, userData: "runcmd: []\nguest-flood: yes\n")
        let flooding = try await node.startInstance(payload)
        let folder = "\(node.instances)/\(flooding)"
        try await expectBoundedLog("\(folder)/console.log", of: node) {}
        let other = try await node.startInstance()
        try await node.delete(other)
        try node.send("STOP", of: flooding)
        try await node.state("exited", of: flooding)
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }

    @Test func `a machine that floods its output harms no other, and its log stays bounded over restarts of launcher`()
      async throws
    {
      try await Node.run { node in
        let flooding = try await node.startInstance()
        let folder = "\(node.instances)/\(flooding)"
        // What a taken-over QEMU would write to its standard error.
        let error = open("/proc/\(try node.machine(flooding))/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(error >= 0)
        defer { close(error) }
        let words = [UInt8](repeating: UInt8(ascii: "x"), count: 4096)
        for launcher in ["first", "second"] {
          try await expectBoundedLog("\(folder)/qemu.log", of: node) { while write(error, words, words.count) > 0 {} }
          guard launcher == "first" else { break }
          try await node.killLauncher()
          // Nobody reads: what does not fit into the pipe is lost, and the machine does not wait.
          while write(error, words, words.count) > 0 {}
          #expect(errno == EAGAIN)
          try await node.startLauncher()
        }
        let other = try await node.startInstance()
        try await node.delete(other)
        try await node.delete(flooding)
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }

    /// Waits until a log that `flood` fills has been replaced three times, and expects that it and its predecessor are
    /// bounded.
    private func expectBoundedLog(_ path: String, of node: Node, flood: () -> Void) async throws {
      var replaced: Set<Int> = []
      try await node.wait("\(path) to be replaced three times", within: 240) {
        flood()
        var status = stat()
        if stat("\(path).old", &status) == 0 {
          replaced.insert(status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec)
        }
        return replaced.count >= 3
      }
      var sizes: [Int] = []
      // Between the two steps of a replacement there is only one of them.
      try await node.wait("\(path) and its predecessor") {
        sizes = [path, "\(path).old"].compactMap {
          (try? FileManager.default.attributesOfItem(atPath: $0))?[.size] as? Int
        }
        return sizes.count == 2
      }
      #expect(sizes.allSatisfy { $0 <= 262_144 }, "\(sizes)")
    }

    @Test(arguments: ["raw", "qcow2"])
    func `a disk is as large as asked for, and never smaller than its image`(format: String) async throws {
      try await Node.run { node in
        try ChildProcess.run([
          "/usr/bin/qemu-img", "create", "-q", "-f", format, "\(node.images)/sized", "\(Self.imageSize)",
        ])
        chmod("\(node.images)/sized", 0o644)
        let cases: [(diskMB: String?, bytes: Int)] = [
          (nil, Self.imageSize), ("1", Self.imageSize), ("20", Self.imageSize), ("21", 21_000_192),
          ("100", 100_000_256),
        ]
        for (diskMB, bytes) in cases {
          var payload = StartPayload(image: "sized", memory: 32)
          payload.diskMB = diskMB
          let instance = try await node.startInstance(payload)
          let told = try ChildProcess.run([
            "/usr/bin/qemu-img", "info", "--force-share", "--output=json", "\(node.instances)/\(instance)/image.qcow2",
          ])
          #expect(told.contains("\"virtual-size\": \(bytes),"), "disk_mb \(diskMB ?? "absent"): \(told)")
          try await node.delete(instance)
        }
      }
    }

    @Test
    func `an image that is laid over others of its folder boots, and boots again whatever its header says by then`()
      async throws
    {
      try await Node.run { node in
        let qemuImg = "/usr/bin/qemu-img"
        // By name, by the whole path, and by a link to it.
        try FileManager.default.createSymbolicLink(atPath: "\(node.images)/middle-1", withDestinationPath: "middle")
        for (name, below, format) in [
          ("middle", Node.image, "raw"), ("upper", "\(node.images)/middle-1", "qcow2"), ("top", "upper", "qcow2"),
        ] {
          try ChildProcess.run([qemuImg, "create", "-q", "-f", "qcow2", "-u", "\(node.images)/\(name)", "64M"])
          try ChildProcess.run([
            qemuImg, "rebase", "-u", "-b", below, "-F", format, "\(node.images)/\(name)",
          ])
          chmod("\(node.images)/\(name)", 0o644)
        }
        let instance = try await node.startInstance(StartPayload(image: "top", memory: 128))
        try await node.wait("the guest", within: 180) { node.console(instance).contains("GUEST-READY\n") }
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try ChildProcess.run([qemuImg, "rebase", "-u", "-b", "/etc/passwd", "-F", "raw", "\(node.images)/upper"])
        unlink("\(node.instances)/\(instance)/console.log")
        try await node.killLauncher()
        try await node.startLauncher()
        try node.send("RESTART", of: instance)
        try await node.wait("the guest", within: 180) { node.console(instance).contains("GUEST-READY\n") }
      }
    }

    /// 20 MiB, which is between 20 and 21 million bytes.
    private static let imageSize = 20 * 1_048_576

    @Test func `RESTART takes the settings of the START, whatever has become of the images`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance(StartPayload(memory: 32))
        func arguments() throws -> [String] { ProcessTable.arguments(of: try node.machine(instance)) }
        let before = try arguments()
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        // A raw image that now looks like a qcow2 one, which names another file, is still a raw one.
        let image = "\(node.images)/\(Node.blankImage)"
        unlink(image)
        try ChildProcess.run([
          "/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", image, "1M",
        ])
        chmod(image, 0o644)
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        #expect(try arguments() == before)
        #expect(before.contains { $0.contains("\"backing\"") && $0.contains("\"driver\":\"raw\"") }, "\(before)")
      }
    }
  }
}
