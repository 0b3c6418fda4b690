import Foundation
import Testing

extension Integration {
  /// Every reason for which a START fails: one ERROR frame, the instance's UUID where the payload gave one, nothing
  /// new on the disk.
  @Suite struct StartFailureTests {
    static let instance = "67d86208-b46c-4465-9018-fe14087d415f"

    /// A start section with other lines in place of those that begin alike, or in addition.
    private static func section(_ lines: [String: String], without missing: String = "") -> String {
      var fields = ["instance_uuid": instance, "tenant_uuid": "0a", "image_uuid": Node.blankImage, "fw_type": "legacy"]
      fields.merge(lines) { $1 }
      fields[missing] = nil
      return "start:\n" + fields.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)\n" }.joined()
    }

    private static func resource(_ type: String, _ value: String) -> String {
      section(["requested_resources": "[{type: \(type), value: \(value)}]"])
    }

    @Test func `invalid_payload: text that is no YAML`() async throws {
      try await Node.run { node in
        for payload in ["start: [", "start: {instance_uuid: \(Self.instance)", "a: b\n\tstart: c: d", "\u{1}"] {
          try await node.expectFailure("StartFailure", "invalid_payload", of: "", by: "START", payload)
        }
      }
    }

    @Test func `invalid_data: YAML that asks for nothing that can be done`() async throws {
      let ofInstance = [
        Self.section([:], without: "tenant_uuid"), Self.section([:], without: "image_uuid"),
        Self.section(["tenant_uuid": "nobody"]), Self.section(["image_uuid": "../state"]),
        Self.section(["image_uuid": ".hidden"]), Self.section(["fw_type": "coreboot"]),
        Self.section(["vm_type": "xen"]), Self.section(["vm_type": "docker", "docker_image": "--privileged"]),
        Self.resource("vcpus", "-1"), Self.resource("vcpus", "0"), Self.resource("vcpus", "100000"),
        Self.resource("mem_mb", "-256"), Self.resource("mem_mb", "99999999999999999999"),
        Self.resource("disk_mb", "0"), Self.resource("disk_mb", "many"),
        Self.section(["networking": "{vnic_mac: nonsense}"]), Self.section(["networking": "{private_ip: 1.2.3}"]),
        "#cloud-config\na: b\n---\n#cloud-config\nc: d\n---\n" + Self.section([:]),
        "a: b\n---\n{\"c\": 1}\n---\n{\"d\": 2}\n---\n" + Self.section([:]),
        Self.section([:]) + "---\n" + Self.section([:]),
      ]
      let ofNobody = [
        "", "#cloud-config\nruncmd: []\n", "start:\n", "start: text\n", "start: [a, b]\n",
        Self.section([:], without: "instance_uuid"), Self.section(["instance_uuid": "nobody"]),
        Self.section(["instance_uuid": "../../etc"]), Self.section(["instance_uuid": "{a: b}"]),
      ]
      try await Node.run { node in
        for payload in ofInstance {
          try await node.expectFailure("StartFailure", "invalid_data", of: Self.instance, by: "START", payload)
        }
        for payload in ofNobody {
          try await node.expectFailure("StartFailure", "invalid_data", of: "", by: "START", payload)
        }
      }
    }

    @Test func `already_running: the instance runs`() async throws {
      try await Node.run { node in
        let payload = StartPayload()
        let instance = try await node.startInstance(payload)
        let machine = try node.machine(instance)
        try await node.expectFailure("StartFailure", "already_running", of: instance, by: "START", payload.text)
        #expect(try node.machine(instance) == machine)
      }
    }

    @Test func `instance_exists: the instance is there and does not run`() async throws {
      try await Node.run { node in
        let payload = StartPayload()
        let instance = try await node.startInstance(payload)
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.expectFailure("StartFailure", "instance_exists", of: instance, by: "START", payload.text)
        #expect(node.machines(instance).isEmpty)
      }
    }

    @Test func `image_failure: a backing image that cannot be used`() async throws {
      try await Node.run { node in
        let images = node.images
        try node.addImage("empty", Data())
        try node.addImage("cut-off", Data([0x51, 0x46, 0x49, 0xfb]))
        try node.addImage("version-9", Data([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 9]) + Data(count: 100_000))
        try node.addImage("unreadable", Data(count: 512))
        chmod("\(images)/unreadable", 0)
        mkdir("\(images)/folder", 0o755)
        symlink("nowhere", "\(images)/dangling")
        mkfifo("\(images)/fifo", 0o644)
        let qemuImg = "/usr/bin/qemu-img"
        for (name, below) in [("laid-over-a-file", "/etc/passwd"), ("ring", "ring"), ("above", "laid-over-a-file")] {
          try ChildProcess.run([qemuImg, "create", "-q", "-f", "qcow2", "\(images)/\(name)", "1M"])
          try ChildProcess.run([qemuImg, "rebase", "-u", "-b", below, "-F", "qcow2", "\(images)/\(name)"])
        }
        try ChildProcess.run([
          qemuImg, "create", "-q", "-f", "qcow2", "-o", "data_file=\(images)/data", "\(images)/outside", "1M",
        ])
        // A header that launcher-vmm finds in order and qemu-img does not: clusters of 2^63 bytes.
        try ChildProcess.run([qemuImg, "create", "-q", "-f", "qcow2", "\(images)/corrupt", "1M"])
        var corrupt = try Data(contentsOf: URL(fileURLWithPath: "\(images)/corrupt"))
        corrupt[23] = 63
        try node.addImage("corrupt", corrupt)
        for name in [
          "missing", "empty", "cut-off", "version-9", "unreadable", "folder", "dangling", "fifo", "laid-over-a-file",
          "ring", "above", "outside",
          "corrupt",
        ] {
          let payload = StartPayload(image: name)
          try await node.expectFailure("StartFailure", "image_failure", of: payload.instance, by: "START", payload.text)
        }
        try expectLog(of: node, "laid-over-a-file: its backing file /etc/passwd is no image of \(images)")
        try expectLog(
          of: node, "START failed with image_failure: qemu-img ended with status 1: qemu-img: ",
          "Unsupported cluster size")
      }
    }

    @Test(arguments: [
      // qemu-img and xorriso run side by side: either may be the first to fail.
      (kilobytes: 64, userData: 0, complaints: [" ended with status "]),
      (kilobytes: 1024, userData: 3_000_000, complaints: ["user_data: No space left on device"]),
      // The guest's data fit once, but not a second time in the config drive; what it fills the other may lack.
      (
        kilobytes: 4400, userData: 3_000_000,
        complaints: ["xorriso ended with status 32", "qemu-img ended with status 1"]
      ),
    ])
    func `image_failure: no room for the instance's disks`(kilobytes: Int, userData: Int, complaints: [String])
      async throws
    {
      try await Node.run(prepare: { try $0.limitInstances(to: kilobytes) }) { node in
        let text = "text: " + String(repeating: "x", count: userData) + "\n"
        let payload = StartPayload(userData: text)
        try await node.expectFailure("StartFailure", "image_failure", of: payload.instance, by: "START", payload.text)
        let reasons = node.log.split(separator: "\n").filter { $0.contains("START failed with image_failure: ") }
        #expect(complaints.contains { complaint in reasons.contains { $0.contains(complaint) } }, "\(reasons)")
      }
    }

    @Test func `launch_failure: a machine that does not come up leaves an instance that RESTART boots`() async throws {
      try await Node.run { node in
        // The machine's memory is more than any of launcher's processes may have for the time being.
        try await node.stopLauncher()
        try await node.startLauncher(through: ["/usr/bin/prlimit", "--as=\(1 << 30)"])
        let payload = StartPayload(memory: 2048)
        let instance = payload.instance
        var mark = try node.mark
        try node.send("START", payload.text)
        let failure = try await node.frame("an error", since: mark) { $0.type == "ERROR" }
        #expect(failure.isError("StartFailure", "launch_failure", of: instance), "\(failure)")
        try await node.state("exited", of: instance)
        try await node.settle()
        #expect(node.frames(since: mark).filter { $0.type == "ERROR" }.count == 2, "this, and the one of `settle`")
        #expect(node.machines(instance).isEmpty)
        try await node.expectFailure("StartFailure", "instance_exists", of: instance, by: "START", payload.text)

        try await node.stopLauncher()
        try await node.startLauncher()
        mark = try node.mark
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        #expect(!node.frames(since: mark).contains { $0.type == "ERROR" })
      }
    }

    @Test func `launch_failure: more memory than any node has`() async throws {
      try await Node.run { node in
        let payload = StartPayload(memory: 16_000_000)
        let mark = try node.mark
        try node.send("START", payload.text)
        try await node.frame("an error", since: mark) {
          $0.isError("StartFailure", "launch_failure", of: payload.instance)
        }
        try await node.delete(payload.instance)
      }
    }

    @Test func `launch_failure: vm_type docker on a node without containers`() async throws {
      try await Node.run { node in
        let payload = Self.section(["vm_type": "docker", "docker_image": "debian:12"], without: "image_uuid")
        try await node.expectFailure("StartFailure", "launch_failure", of: Self.instance, by: "START", payload)
      }
    }
  }
}
