import Foundation
import Testing

extension Integration {
  /// launcher-audit on running processes: as they are to be, and with one thing that is not.
  @Suite struct AuditTests {
    @Test func `a node with a machine is in order`() async throws {
      try await Node.run(Node.Options(server: "localhost")) { node in
        _ = try await node.startInstance()
        let audit = try Audit(node)
        #expect(audit.deviations.isEmpty)
        #expect(audit.status == 0)
        #expect(
          Set(audit.processes) == [
            "launcher", "launcher-net", "launcher-net (resolver)", "launcher-vmm", "launcher-vmm (spawner)",
            "launcher-vmm (observer)", "launcher-stats", "qemu-system-x86_64",
          ])
      }
    }

    @Test func `its report for programs has the documented members`() async throws {
      let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/AUDIT.md")
      let text = try String(contentsOf: page, encoding: .utf8)
      let start = try #require(text.range(of: "    {\n      \"version\": 1"))
      let documented = try #require(
        try JSONSerialization.jsonObject(with: Data(text[start.lowerBound...].utf8)) as? [String: Any])
      try await Node.run(Node.Options(server: "localhost")) { node in
        // Of another user, so that it deviates.
        let audit = try Audit(node, users: ["launcher-stats": 1])
        let report = try #require(try JSONSerialization.jsonObject(with: Data(audit.text.utf8)) as? [String: Any])
        #expect(Set(report.keys) == Set(documented.keys))
        for list in ["processes", "deviations"] {
          #expect(try Self.members(of: list, in: report) == Self.members(of: list, in: documented), "\(list)")
        }
        let checks = "checks"
        let first = try #require((report["processes"] as? [[String: Any]])?.first)
        let documentedFirst = try #require((documented["processes"] as? [[String: Any]])?.first)
        #expect(try Self.members(of: checks, in: first) == Self.members(of: checks, in: documentedFirst))
      }
    }

    private static func members(of list: String, in object: [String: Any]) throws -> Set<String> {
      Set(try #require((object[list] as? [[String: Any]])?.first).keys)
    }

    @Test func `the metrics folder is known from the configuration`() async throws {
      try await Node.run { node in
        let metrics = "\(node.folder)/metrics"
        let configuration = "\(node.folder)/launcher.conf"
        try Data("metrics = \(metrics)\n".utf8).write(to: URL(fileURLWithPath: configuration))
        try await node.killLauncher()
        try await node.wait("its processes to end") { node.launcherProcesses.isEmpty }
        try await node.startLauncher(more: ["-metrics=\(metrics)"])
        #expect(try Audit(node).deviations.map(\.right) == ["open descriptors"])
        #expect(try Audit(node, configuration: configuration).deviations.isEmpty)
      }
    }

    @Test func `the audit says whether volumes are on, and knows their folder from the configuration`() async throws {
      try await Node.run { node in
        let table = try Audit(node).table
        #expect(table.contains("volumes: off"))
      }
      try await Node.run(Node.withVolumes()) { node in
        let volume = try node.makeVolume()
        let instance = try await node.startInstance()
        try await node.attach(volume, to: instance, leading: [volume])
        let configuration = "\(node.folder)/launcher.conf"
        try Data("volumes = \(node.volumes)\n".utf8).write(to: URL(fileURLWithPath: configuration))
        let audit = try Audit(node, configuration: configuration)
        #expect(audit.table.contains("volumes: on. launcher-vmm may read and write the files of \(node.volumes)"))
        #expect(audit.deviations.isEmpty)
        #expect(try Set(Audit(node).deviations.map(\.right)) == ["open descriptors"])
      }
    }

    @Test func `the audit says whether containers are on, and which process may use the engine`() async throws {
      try await Node.run { node in
        let table = try Audit(node).table
        #expect(table.contains("containers: off"))
      }
      try await ContainerHost.runNode { _, node in
        _ = try await node.startContainer()
        let vmm = try node.pid(of: .vmm)
        func hasGroup(_ pid: pid_t) throws -> Bool {
          try ProcessTable.status(of: pid)["Groups"]?.split(separator: " ").contains("\(ContainerHost.group)") ?? false
        }
        #expect(try !hasGroup(vmm))
        for child in ProcessTable.children(of: vmm) {
          let name = ProcessTable.stat(of: child)?.name
          #expect(try hasGroup(child) == (name == "vmm-containers"), "\(name ?? "")")
        }
        let audit = try Audit(node)
        #expect(audit.table.contains("containers: on. launcher-vmm (containers)"), "\(audit.table)")
        #expect(audit.table.contains("is as good as root"), "\(audit.table)")
        #expect(audit.deviations.isEmpty)
        #expect(audit.processes.contains("docker"))
      }
    }

    @Test func `a machine that outlived launcher is still looked at`() async throws {
      try await Node.run { node in
        _ = try await node.startInstance()
        try await node.killLauncher()
        try await node.wait("its processes to end") { node.launcherProcesses.isEmpty }
        try await node.startLauncher()
        let audit = try Audit(node)
        #expect(audit.deviations.isEmpty)
        #expect(audit.processes.contains("qemu-system-x86_64"))
      }
    }

    /// What the probe does otherwise, and what the one deviation is to say.
    static let alterations: [(name: String, right: String, found: String)] = [
      ("permitted capability", "permitted capabilities", "cap_kill"),
      ("bounding capability", "bounding capabilities", "cap_kill"),
      ("user", "user", "62003"),
      ("group", "groups", "61004"),
      ("no filter", "seccomp", "no filter of its own"),
      ("descriptor", "open descriptors", "/etc/passwd"),
      ("writable code", "writable and executable memory", "-"),
      ("listener", "listening sockets", "TCP port"),
      ("thread", "threads", "2"),
      ("limit", "RLIMIT_FSIZE", "1099511627776"),
      ("dumpable", "dumpable", "yes"),
      ("stranger", "user", "user 61003 of launcher"),
    ]

    @Test func `a stand-in that has the rights of launcher-stats is in order`() async throws {
      try await withProbe("nothing") { node in
        let audit = try Audit(node)
        #expect(audit.deviations.isEmpty)
      }
    }

    @Test(arguments: alterations)
    func `one thing that is not as it is to be is the one deviation`(
      _ alteration: (name: String, right: String, found: String)
    ) async throws {
      try await withProbe(alteration.name) { node in
        let audit = try Audit(node)
        #expect(audit.status == 1)
        #expect(audit.deviations.count == 1, "\(audit.deviations)")
        #expect(audit.deviations.first?.right == alteration.right)
        #expect(audit.deviations.first?.found.contains(alteration.found) == true, "\(audit.deviations)")
        #expect(audit.deviations.first?.process.hasPrefix("launcher-stats (process") == true)
      }
    }

    @Test func `two processes of one user are a deviation`() async throws {
      let user = Node.netUser
      try await Node.run(Node.Options(["stats-user": "\(user):\(user)"])) { node in
        let audit = try Audit(node, users: ["launcher-stats": user])
        #expect(audit.deviations.map(\.right) == ["separation of users"])
        #expect(audit.deviations.first?.process == "launcher-net and launcher-stats")
      }
    }

    @Test func `an override of a unit that others may write is a deviation`() async throws {
      try await Node.run { node in
        let folder = "\(node.folder)/units"
        try FileManager.default.createDirectory(
          atPath: "\(folder)/launcher-net.service.d", withIntermediateDirectories: true)
        let file = "\(folder)/launcher-net.service.d/override.conf"
        try Data("[Service]\n".utf8).write(to: URL(fileURLWithPath: file))
        #expect(try Audit(node, units: folder).deviations.isEmpty)
        chmod(file, 0o666)
        let audit = try Audit(node, units: folder)
        #expect(audit.deviations.map(\.process) == [file])
        #expect(audit.deviations.map(\.right) == ["who may change it"])
      }
    }

    @Test func `a process that is missing is a deviation`() async throws {
      try await Node.run { node in
        let audit = try Audit(node, below: node.pid(of: .vmm))
        #expect(audit.deviations.map(\.process) == ["launcher-net", "launcher-stats"])
        #expect(audit.deviations.allSatisfy { $0.right == "presence" })
      }
    }

    @Test func `what it cannot look at is told by another status`() throws {
      let program = "\(try Surroundings().binaries)/launcher-audit"
      for arguments in [["-below", "1000000000"], ["-expect", "/nonexistent"], ["-nonsense"], ["-explain", "init"]] {
        #expect(try ChildProcess.outcome(of: [program] + arguments).status == 2, "\(arguments)")
      }
    }

    @Test func `what a process has more under an option is explained`() throws {
      let program = "\(try Surroundings().binaries)/launcher-audit"
      let rbd = ["files", "TCP", "system calls that fail", "system calls that are allowed"].map {
        "-volumes=rbd:POOL: \($0)"
      }
      for (process, titles) in [
        ("spawner", ["-with-ui=spice: system calls that are allowed", "-with-ui=window: files"] + rbd),
        (
          "qemu-system-x86_64",
          [
            "-with-ui=spice: system calls that are allowed", "-with-ui=window: files",
            "-with-ui=window: system calls that fail",
          ] + rbd + ["-volumes=rbd:POOL: descriptors"]
        ),
        ("launcher-vmm", ["-volumes=FOLDER: files"]),
      ] {
        let text = try ChildProcess.run([program, "-explain", process])
        #expect(text.split(separator: "\n").filter { $0.hasPrefix("More with") } == titles.map { "More with \($0)" })
      }
    }

    /// Runs a node whose launcher-stats is the probe.
    private func withProbe(_ alteration: String, _ test: (Node) async throws -> Void) async throws {
      var options = Node.Options()
      options.standIns = ["launcher-stats": "audit-probe"]
      options.filesBesidePrograms = ["alteration": alteration]
      try await Node.run(options) { node in
        // Between these last steps of its preparation and its wait for the end it never sleeps.
        try await node.wait("the probe to be ready") {
          guard let pid = node.find(.stats) else { return false }
          let status = try ProcessTable.status(of: pid)
          return status["NoNewPrivs"] == "1" && status["State"]?.hasPrefix("S") == true
        }
        try await test(node)
      }
    }
  }
}

/// A run of launcher-audit on a node of these tests.
struct Audit {
  struct Deviation: Decodable {
    let process: String
    let right: String
    let found: String
  }

  private struct Report: Decodable {
    struct Process: Decodable { let name: String }

    private enum CodingKeys: String, CodingKey {
      case version, processes, deviations
      case isInOrder = "in_order"
    }

    let version: Int
    let isInOrder: Bool
    let processes: [Process]
    let deviations: [Deviation]
  }

  let status: Int32
  let text: String
  let processes: [String]
  let deviations: [Deviation]
  /// What people are shown.
  let table: String

  init(
    _ node: Node, users: [String: uid_t] = [:], units: String = "/nonexistent", configuration: String = "",
    below root: pid_t? = nil
  ) throws {
    let net: [String: Any] = ["user": Int(Node.netUser)]
    let vmm: [String: Any] = ["user": Int(Node.vmmUser), "groups": [Int(Node.vmmGroup)]]
    var processes: [String: Any] = [
      "launcher-net": net, "launcher-net (resolver)": net, "launcher-vmm": vmm, "launcher-vmm (spawner)": vmm,
      "launcher-vmm (observer)": vmm, "qemu-system-x86_64": vmm, "launcher-stats": ["user": Int(Node.statsUser)],
    ]
    for name in ["launcher-vmm (containers)", "docker"] {
      processes[name] = ["user": Int(Node.vmmUser), "groups": [Int(Node.vmmGroup), Int(ContainerHost.group)]]
    }
    for (name, user) in users { processes[name] = ["user": Int(user)] }
    let expectation = "\(node.folder)/expectation.json"
    try JSONSerialization.data(withJSONObject: ["processes": processes]).write(to: URL(fileURLWithPath: expectation))
    let arguments = [
      "-expect", expectation, "-below", "\(try root ?? node.frontEnd())", "-state-dir", node.stateFolder, "-unit-dirs",
      units, "-config", configuration,
    ]
    let program = "\(node.binaries)/launcher-audit"
    let output = try ChildProcess.outcome(of: [program, "-json"] + arguments)
    table = try ChildProcess.outcome(of: [program] + arguments).text
    status = output.status
    text = output.text
    let report = try JSONDecoder().decode(Report.self, from: Data(output.text.utf8))
    self.processes = report.processes.map(\.name)
    deviations = report.deviations
    #expect(report.version == 1)
    #expect(report.isInOrder == deviations.isEmpty)
  }
}
