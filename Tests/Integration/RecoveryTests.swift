import Foundation
import Testing

extension Integration {
  /// What a launcher that starts makes of the instances that it finds.
  @Suite struct RecoveryTests {
    private static let crowd = 20

    @Test func `twenty machines are managed again at once, those that ended are exited, and none is started`()
      async throws
    {
      try await Node.run { node in
        let payloads = (0..<Self.crowd).map { _ in StartPayload(memory: 32) }
        for payload in payloads { try node.send("START", payload.text) }
        try await node.frame("STATS with all of them active", within: 180) {
          $0.isStats && $0.instances.values.count { $0["state"] == "active" } == Self.crowd
        }
        let machines = try Dictionary(
          uniqueKeysWithValues: payloads.map { ($0.instance, try node.machine($0.instance)) })
        try await node.killLauncher()
        try await node.wait("launcher's processes to end") { node.launcherProcesses.isEmpty }
        var mark = try node.mark
        try await node.startLauncher()
        try await node.frame("STATS with all of them active", since: mark) {
          $0.isStats && $0.instances.values.count { $0["state"] == "active" } == Self.crowd
        }
        for (instance, machine) in machines { #expect(try node.machine(instance) == machine) }
        let line = try await lastLine("\(Self.crowd) instances, \(Self.crowd) of them running, ", of: node)
        let time = try #require(Int(line.prefix { $0.isNumber }))
        print("\(Self.crowd) machines were managed again \(time) ms after launcher-vmm's start")
        // It takes some 20 ms; a busy machine may take its time, waiting for one machine after the other may not.
        #expect(time < 5000)

        let ended = payloads.prefix(5).map(\.instance)
        try await node.killLauncher()
        for instance in ended { kill(machines[instance]!, SIGKILL) }
        try await node.wait("five machines to end") { ended.allSatisfy { node.machines($0).isEmpty } }
        mark = try node.mark
        try await node.startLauncher()
        try await node.frame("STATS with five of them exited", since: mark) { stats in
          stats.isStats && stats.instances.count == Self.crowd
            && payloads.allSatisfy {
              stats.instances[$0.instance]?["state"] == (ended.contains($0.instance) ? "exited" : "active")
            }
        }
        try await node.settle()
        for instance in ended { #expect(node.machines(instance).isEmpty, "nothing is started by itself") }
        #expect(node.frames(since: mark).filter { $0.type == "ERROR" }.count == 1, "only the one of `settle`")
      }
    }

    /// What stands behind `text` in the last line of the log that holds it.
    private func lastLine(_ text: String, of node: Node) async throws -> String {
      var rest: String?
      try await node.wait("the log to say: \(text)") {
        rest = node.log.range(of: text, options: .backwards).map { String(node.log[$0.upperBound...]) }
        return rest != nil
      }
      return rest!
    }

    @Test func `a machine whose monitor hangs at the start is managed, and keeps no other waiting`() async throws {
      try await Node.run { node in
        let hanging = try await node.startInstance()
        let other = try await node.startInstance()
        let machine = try node.machine(hanging)
        try await node.stopLauncher()
        kill(machine, SIGSTOP)
        try await node.startLauncher()
        try await node.state("active", of: hanging)
        try node.send("STOP", of: other)
        try await node.state("exited", of: other)

        try await node.wait("the monitor to be given up") { node.log.contains("\(hanging): QMP: no answer") }
        kill(machine, SIGCONT)
        try await node.wait("its monitor to answer") { node.log.contains("\(hanging): QMP answers again") }
        try node.send("STOP", of: hanging)
        try await node.state("exited", of: hanging)
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }

    @Test func `a machine whose monitor hangs is deleted`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        try await node.stopLauncher()
        kill(try node.machine(instance), SIGSTOP)
        try await node.startLauncher()
        try await node.delete(instance)
        #expect(node.machines(instance).isEmpty)
      }
    }

    @Test(arguments: [
      // Another boot; the same boot, but a process that started at another time.
      ["boot_id": "11111111-1111-1111-1111-111111111111"], ["start_time": "1"],
    ])
    func `a process that got the number of a machine that ended is nobody's machine`(change: [String: String])
      async throws
    {
      try await Node.run { node in
        let instance = try await node.startInstance()
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        try await node.stopLauncher()
        // A stranger of the same user, so that launcher-vmm could end it.
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let stranger = try ChildProcess(
          [
            "/usr/bin/setpriv", "--reuid=\(Node.vmmUser)", "--regid=\(Node.vmmUser)", "--clear-groups",
            "/usr/bin/sleep", "600",
          ], output: null)
        defer { stranger.end() }
        try await node.wait("the stranger to be there") {
          ProcessTable.arguments(of: stranger.pid).first == "/usr/bin/sleep"
        }
        try node.changeState(of: instance) { state in
          var run = try #require(state["run"] as? [String: Any])
          run["pid"] = stranger.pid
          run["start_time"] = ProcessTable.startTime(of: stranger.pid)
          run.merge(change) { $1 }
          state["run"] = run
        }
        try await node.startLauncher()
        try await node.state("exited", of: instance)
        try await node.delete(instance)
        #expect(!stranger.hasEnded)
      }
    }

    /// State files that no launcher of this version has written.
    enum Damage: String, CaseIterable {
      case empty, truncated, noJSON, futureVersion, ofAnother, unreadable, missing, folder
    }

    @Test func `a state file that cannot be read is reported and left alone, and concerns no other instance`()
      async throws
    {
      try await Node.run { node in
        let healthy = try await node.startInstance()
        var damaged: [(Damage, String)] = []
        for damage in Damage.allCases {
          let payload = StartPayload(memory: 32)
          try node.send("START", payload.text)
          try node.send("STOP", of: payload.instance)
          damaged.append((damage, payload.instance))
        }
        for (_, instance) in damaged { try await node.state("exited", of: instance) }
        try await node.stopLauncher()
        for (damage, instance) in damaged { try inflict(damage, on: "\(node.instances)/\(instance)/state") }
        let before = node.files
        try await node.startLauncher()
        try await node.state("active", of: healthy)
        for (damage, instance) in damaged {
          try await node.state("exited", of: instance)
          let reported = node.log.contains("\(instance): ") && node.log.contains("left alone; RESTART is refused")
          #expect(reported, "\(damage)")
          try await node.expectFailure(
            "RestartFailure", "instance_corrupt", of: instance, by: "RESTART", "restart: {instance_uuid: \(instance)}")
        }
        #expect(node.files == before)
        for (_, instance) in damaged {
          try await node.delete(instance)
          #expect(!node.exists("\(node.instances)/\(instance)"))
        }
        #expect(node.machines(healthy).count == 1)
      }
    }

    private func inflict(_ damage: Damage, on path: String) throws {
      let url = URL(fileURLWithPath: path)
      let whole = try Data(contentsOf: url)
      let text = String(decoding: whole, as: UTF8.self)
      switch damage {
      case .empty: try Data().write(to: url)
      case .truncated: try whole.prefix(whole.count / 2).write(to: url)
      case .noJSON: try Data(repeating: 0xff, count: 1000).write(to: url)
      case .futureVersion:
        let changed = text.replacingOccurrences(of: "\"version\": 1", with: "\"version\": 2")
        #expect(changed != text)
        try Data(changed.utf8).write(to: url)
      case .ofAnother:
        let id = url.deletingLastPathComponent().lastPathComponent
        try Data(text.replacingOccurrences(of: id, with: UUID().uuidString.lowercased()).utf8).write(to: url)
      case .unreadable: chown(path, 0, 0)
      case .missing: unlink(path)
      case .folder:
        unlink(path)
        mkdir(path, 0o700)
      }
      if damage != .unreadable { chown(path, Node.vmmUser, Node.vmmUser) }
    }

    @Test func `a machine whose folder was removed by hand is told at the start, and ended by hard-reset alone`()
      async throws
    {
      try await Node.run { node in
        let lost = try await node.startInstance()
        let kept = try await node.startInstance()
        let machine = try node.machine(lost)
        try await node.stopLauncher()
        try FileManager.default.removeItem(atPath: "\(node.instances)/\(lost)")
        // One that looks like it, of the same user, but is no QEMU.
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let input = try InputSocket()
        let stranger = try input.start(
          [
            "/usr/bin/setpriv", "--reuid=\(Node.vmmUser)", "--regid=\(Node.vmmUser)", "--clear-groups",
            "/bin/sh", "-c", "read -r end", "qemu-system-x86_64", "-name", "guest=\(lost)",
            "{\"\(node.instances)/\(lost)/image.qcow2\"}",
          ], output: null)
        defer { stranger.end() }
        try await node.startLauncher()
        try await node.state("active", of: kept)
        let told = node.log.split(separator: "\n").filter { $0.contains("its folder does not lead to it") }
        #expect(told.count == 1 && told[0].contains("\(lost): process \(machine) is its machine"), "\(told)")
        #expect(ProcessTable.exists(machine))

        try await node.stopLauncher()
        let reset = try node.runLauncher(["-hard-reset"])
        #expect(reset.status == 0, "\(reset.output)")
        #expect(reset.output.contains("1 of 1 instances deleted"), "\(reset.output)")
        #expect(
          reset.output.contains("\(lost): its folder was gone; its machine, process \(machine), was killed"),
          "\(reset.output)")
        #expect(!ProcessTable.exists(machine))
        #expect(!stranger.hasEnded)
        try await node.startLauncher()
      }
    }

    @Test func `a second launcher does not touch the instances of the first`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        let machine = try node.machine(instance)
        let second = try node.runLauncher(["-rendezvous=\(node.folder)/second", "-hard-reset"])
        #expect(second.status != 0)
        #expect(second.output.contains("another launcher-vmm works on these instances"), "\(second.output)")
        #expect(try node.machine(instance) == machine)
        try await node.delete(instance)
      }
    }

    @Test func `hard-reset kills and deletes all instances, says so, and ends`() async throws {
      try await Node.run { node in
        let running = try await node.startInstance()
        let hanging = try await node.startInstance()
        let exited = try await node.startInstance()
        let corrupt = try await node.startInstance()
        try node.send("STOP", of: exited)
        try await node.state("exited", of: exited)
        let machines = try [running, hanging, corrupt].map { try node.machine($0) }
        try await node.stopLauncher()
        kill(machines[1], SIGSTOP)
        try inflict(.empty, on: "\(node.instances)/\(corrupt)/state")
        // What is in the way of a removal, here its owner, is told and keeps nothing else from it.
        mkdir("\(node.instances)/.staging-0a", 0o700)

        let reset = try node.runLauncher(["-hard-reset"])
        #expect(reset.status == 0, "\(reset.output)")
        #expect(reset.output.contains("4 of 4 instances deleted"), "\(reset.output)")
        #expect(reset.output.contains("\(running): deleted; its machine, process \(machines[0]), was killed"))
        #expect(reset.output.contains("\(exited): deleted; no machine ran"))
        #expect(
          reset.output.contains("/.staging-0a: open .staging-0a: Permission denied; tried again at the next start"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: node.instances) == [".staging-0a"])
        for machine in machines { #expect(!ProcessTable.exists(machine)) }
        #expect(node.launcherProcesses.isEmpty)

        let mark = try node.mark
        try await node.startLauncher()
        #expect(try await node.frame("STATS", since: mark) { $0.isStats }.instances.isEmpty)
      }
    }
  }
}
