import Foundation
import Testing

extension Integration {
  /// Disks that are full or read-only, and the order in which what must survive a power loss is written.
  @Suite struct CrashDiskTests {
    @Test func `on a disk that fills up machines run on, are managed, stopped and deleted`() async throws {
      try await Node.run(prepare: { try $0.limitInstances(to: 16_384) }) { node in
        let running = try await node.startInstance()
        let exited = try await node.startInstance()
        try node.send("STOP", of: exited)
        try await node.state("exited", of: exited)
        let filler = "\(node.instances)/.filler"
        fill(filler)

        let payload = StartPayload()
        try await node.expectFailure("StartFailure", "image_failure", of: payload.instance, by: "START", payload.text)
        // Its process cannot be recorded; its monitor tells a later launcher.
        try node.send("RESTART", of: exited)
        try await node.state("active", of: exited)
        let machines = try [running, exited].map { try node.machine($0) }
        try await node.killLauncher()
        try await node.wait("launcher's processes to end") { node.launcherProcesses.isEmpty }
        let mark = try node.mark
        try await node.startLauncher()
        try await node.frame("STATS with both active", since: mark) { stats in
          stats.isStats && [running, exited].allSatisfy { stats.instances[$0]?["state"] == "active" }
        }
        #expect(try [running, exited].map { try node.machine($0) } == machines)
        try node.send("STOP", of: running)
        try await node.state("exited", of: running)
        for instance in [running, exited] { try await node.delete(instance) }
        unlink(filler)
        #expect(try FileManager.default.contentsOfDirectory(atPath: node.instances) == [])
      }
    }

    /// Writes until there is no room.
    private func fill(_ path: String) {
      let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      defer { close(file) }
      for size in [65_536, 4096, 1] {
        let bytes = [UInt8](repeating: 0, count: size)
        while write(file, bytes, size) > 0 {}
      }
    }

    @Test func `a folder of images that is read-only is enough`() async throws {
      try await Node.run { node in
        try await node.stopLauncher()
        let readOnly = "mount --bind \(node.images) \(node.images) && mount -o remount,bind,ro \(node.images)"
        try await node.startLauncher(through: Node.inPrivateMounts(readOnly))
        let instance = try await node.startInstance()
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        try await node.delete(instance)
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }

    @Test(arguments: ["legacy", "efi"])
    func `what a power loss must not lose is synced before it gets its name`(firmware: String) async throws {
      try await Node.run { node in
        try await node.stopLauncher()
        let recording = "\(node.folder)/recording"
        try await node.startLauncher(through: [
          // A tracer that is nobody's parent, so that launcher is this test's child.
          "/usr/bin/strace", "-D", "-f", "-y", "-qq", "-o", recording, "-e", "trace=fsync,renameat,renameat2,unlinkat",
        ])
        let payload = StartPayload(firmware: firmware)
        let instance = try await node.startInstance(payload)
        try await node.delete(instance)
        try await node.stopLauncher()
        try await node.wait("the tracer to end") { ProcessTable.mentioning(recording).isEmpty }

        let calls = try String(contentsOfFile: recording, encoding: .utf8).split(separator: "\n").map(String.init)
        let staging = "/instances/.staging-\(instance)"
        var steps = [
          ["fsync(", "\(staging)/image.qcow2>"], ["fsync(", "\(staging)/config.iso>"],
          ["fsync(", "\(staging)/state>"], ["fsync(", "\(staging)>"],
          ["renameat2(", "\".staging-\(instance)\"", "\"\(instance)\"", "RENAME_NOREPLACE"],
          ["fsync(", "/state/instances>"],
          // The process is recorded.
          ["fsync(", "/\(instance)/.state.new>"], ["renameat(", "\"state\""], ["fsync(", "/instances/\(instance)>"],
          // And the DELETE: the name goes durably before the first file.
          ["renameat2(", "\"\(instance)\"", "\".deleted-\(instance)\""], ["fsync(", "/state/instances>"],
          ["unlinkat(", "/.deleted-\(instance)>", "\"state\""],
        ]
        if firmware == "efi" { steps.insert(["fsync(", "\(staging)/efi-variables.fd>"], at: 0) }
        var rest = calls[...]
        for step in steps {
          let found = rest.firstIndex { call in step.allSatisfy(call.contains) && call.contains("= 0") }
          let index = try #require(found, "\(step) in its place; \(calls)")
          rest = rest[(index + 1)...]
        }
      }
    }

    @Test func `commands, failures and crashes leave no descriptor open`() async throws {
      try await Node.run { node in
        func round() async throws {
          let payload = StartPayload()
          let instance = payload.instance
          // A success, failures at several depths, and machines that end in all ways.
          _ = try await node.startInstance(payload)
          try node.send("START", payload.text)
          try node.send("START", StartPayload(image: "missing").text)
          try node.send("STOP", of: instance)
          try await node.state("exited", of: instance)
          try node.send("RESTART", of: instance)
          try await node.state("active", of: instance)
          kill(try node.machine(instance), SIGKILL)
          try await node.state("exited", of: instance)
          let tooLarge = StartPayload(memory: 16_000_000)
          try node.send("START", tooLarge.text)
          for instance in [instance, tooLarge.instance] { try await node.delete(instance) }
          try await node.settle()
        }
        try await round()
        let before = try node.openFiles()
        for _ in 0..<3 { try await round() }
        try await node.wait("as many open files as before: \(before)") { try node.openFiles() == before }
      }
    }
  }
}
