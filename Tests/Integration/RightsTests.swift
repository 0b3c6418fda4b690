import Foundation
import Rights
import Testing

extension Integration {
  /// What the kernel says of the running processes, and the loader of their files, against what they are to have.
  @Suite struct RightsTests {
    @Test func `each process has the rights it is to have and no other`() async throws {
      try await Node.run(Node.Options(server: "localhost")) { node in
        let instance = try await node.startInstance()
        let own: [(pid_t, uid_t, [gid_t])] = try [
          (node.pid(of: .net), Node.netUser, []), (node.pid(of: .resolver), Node.netUser, []),
          (node.pid(of: .vmm), Node.vmmUser, [Node.vmmGroup]), (node.pid(of: .spawner), Node.vmmUser, [Node.vmmGroup]),
          (node.pid(of: .stats), Node.statsUser, []),
        ]
        for (pid, user, groups) in own {
          try expectConfined(pid, user, groups)
          #expect(try ProcessTable.status(of: pid)["Threads"] == "1")
          // The kernel gives the files of a process that is not dumpable to root.
          var owner = stat()
          #expect(stat("/proc/\(pid)/status", &owner) == 0)
          #expect(owner.st_uid == 0 && owner.st_gid == 0, "process \(pid) is dumpable")
        }
        try expectConfined(node.machine(instance), Node.vmmUser, [Node.vmmGroup])
      }
    }

    @Test func `what launcher was started with beyond its streams reaches none of its processes`() async throws {
      try await Node.run { node in
        try await node.killLauncher()
        try await node.wait("its processes to end") { node.launcherProcesses.isEmpty }
        try await node.startLauncher(through: ["/bin/bash", "-c", "exec 17</etc/passwd; exec \"$@\"", "bash"])
        _ = try await node.startInstance()
        let processes = try [Node.Role.net, .vmm, .spawner, .stats].map { try node.pid(of: $0) }
        for pid in try processes + [node.frontEnd()] {
          let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").map {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\($0)")) ?? ""
          }
          #expect(!open.contains("/etc/passwd"), "process \(pid)")
        }
      }
    }

    private func expectConfined(_ pid: pid_t, _ user: uid_t, _ groups: [gid_t]) throws {
      let status = try ProcessTable.status(of: pid)
      let about = "\(ProcessTable.arguments(of: pid).first ?? "") (process \(pid))"
      #expect(status["Uid"] == "\(user) \(user) \(user) \(user)", "\(about)")
      #expect(status["Gid"] == "\(user) \(user) \(user) \(user)", "\(about)")
      #expect(status["Groups"] == groups.map(String.init).joined(separator: " "), "\(about)")
      for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        #expect(status[set] == "0000000000000000", "\(set) of \(about)")
      }
      #expect(status["NoNewPrivs"] == "1", "\(about)")
      #expect(status["Seccomp"] == "2", "\(about)")
      let limits = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8)
      let core = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
      #expect(core?.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"], "core files of \(about)")
    }

    private static let programs: [(name: String, rights: ProcessRights)] = [
      ("launcher", .frontEnd), ("launcher-net", .net), ("launcher-vmm", .manager), ("launcher-stats", .stats),
    ]

    @Test func `each program is linked with the libraries in its rights and no other`() throws {
      // Runtimes of C, C++ and GCC, and what the kernel and the loader are called.
      let runtime: Set = ["libc", "libm", "libstdc++", "libgcc_s", "ld-linux-x86-64", "linux-vdso"]
      for program in Self.programs {
        let text = try ChildProcess.run(["/usr/bin/ldd", "\(Surroundings().binaries)/\(program.name)"])
        let allowed = program.rights.libraries
        let linked = Set(text.split(separator: "\n").map { Self.library($0, among: allowed) })
        #expect(linked.subtracting(runtime) == Set(allowed), "\(program.name)")
      }
    }

    /// The name of the library in a line of ldd: `libcap` of `libcap.so.2 => /lib/x86_64-linux-gnu/libcap.so.2 (…)`.
    private static func library(_ line: Substring, among known: [String]) -> String {
      let file = line.split(whereSeparator: \.isWhitespace)[0].split(separator: "/").last ?? ""
      let name = String(file.prefix { $0 != "." })
      // Of libyaml the version belongs to the name: libyaml-0.
      return known.first { name.hasPrefix("\($0)-") } ?? name
    }

    /// Growth beyond what docs/PERFORMANCE.md says. Foundation alone has tens of megabytes.
    private static let growth = 1.2

    /// Of each program, in 10^6 bytes, as the page has them.
    private static func writtenSizes() throws -> [String: Double] {
      let page = try Page.text("PERFORMANCE.md")
      let table = page.components(separatedBy: "| program | size |\n").last?.components(separatedBy: "\n\n").first ?? ""
      let rows = table.split(separator: "\n").map {
        $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      }
      return Dictionary(rows.compactMap { row in Double(row[1]).map { (row[0], $0) } }) { first, _ in first }
    }

    @Test func `each stripped program is small`() throws {
      let written = try Self.writtenSizes()
      for program in Self.programs {
        let megabytes = try #require(written[program.name])
        let stripped = "/tmp/launcher-stripped-\(UUID().uuidString)"
        defer { unlink(stripped) }
        try ChildProcess.run(["/usr/bin/strip", "-o", stripped, "\(Surroundings().binaries)/\(program.name)"])
        let size = try FileManager.default.attributesOfItem(atPath: stripped)[.size] as? Int ?? .max
        #expect(Double(size) < megabytes * Self.growth * 1_000_000, "\(program.name)")
      }
    }
  }
}
