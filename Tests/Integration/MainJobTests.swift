import Foundation
import Testing

extension Integration {
  /// What launcher is for: a scheduler's commands run a real machine.
  @Suite struct MainJobTests {
    static let instance = "67d86208-b46c-4465-9018-fe14087d415f"

    @Test func `a node that connects reports READY and STATS`() async throws {
      try await Node.run { node in
        let status = try await node.frame("a status") { $0.isStatus }
        #expect(status.operand == "READY")
        let stats = try await node.frame("STATS") { $0.isStats }
        for frame in [status, stats] {
          for key in ["mem_total_mb", "mem_available_mb", "disk_total_mb", "disk_available_mb", "load", "cpus_online"] {
            #expect(frame[key].flatMap { Int($0) }.map { $0 >= 0 } == true, "\(key) in \(frame)")
          }
          #expect(frame["node_uuid"]?.count == 36)
        }
        #expect(stats["status"] == "READY")
        #expect(stats["hostname"] == ProcessInfo.processInfo.hostName.split(separator: ".").first.map(String.init))
        #expect(stats.instances.isEmpty)
      }
    }

    @Test func `the documented START runs a machine through its whole life`() async throws {
      try await Node.run(Node.Options(["stop-grace": "60s"])) { node in
        let instance = Self.instance
        try await node.frame("the first STATS") { $0.isStats }

        var mark = try node.mark
        try node.send("START", documentedPayload("start-1"))
        try await node.frame("a status after START", since: mark) { $0.isStatus && $0.operand == "READY" }
        try await node.state("active", of: instance)
        try await node.wait("the guest", within: 120) { node.console(instance).contains("GUEST-READY\n") }
        let console = node.console(instance)
        #expect(console.contains("GUEST-FIRMWARE: legacy\n"))
        #expect(console.contains("GUEST-HOSTNAME: \(instance)\n"))
        #expect(console.contains("GUEST-MAC: 02:00:e6:f5:af:f9\n"))
        let userData = "#cloud-config\n  runcmd:\n    - [ touch, \"/etc/bootdone\" ]\n"
        #expect(console.contains("GUEST-USER-DATA-BEGIN\n\(userData)GUEST-USER-DATA-END\n"))

        mark = try node.mark
        try node.send("STOP", documentedPayload("stop"))
        try await node.state("exited", of: instance)
        #expect(node.console(instance).contains("GUEST-POWERDOWN"))
        #expect(node.machines(instance).isEmpty)

        try node.send("RESTART", documentedPayload("restart"))
        try await node.state("active", of: instance)
        #expect(node.machines(instance).count == 1)

        try node.send("DELETE", documentedPayload("delete"))
        let deleted = try await node.frame("InstanceDeleted", since: mark) { $0.isDeleted(instance) }
        try await node.frame("a status after DELETE", since: deleted.index) { $0.isStatus && $0.operand == "READY" }
        #expect(!node.exists("\(node.instances)/\(instance)"))
        #expect(node.machines(instance).isEmpty)
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }

    @Test func `the documented START without fw_type boots by EFI`() async throws {
      try await Node.run { node in
        let instance = "67d86208-b46c-4465-9018-fe14087d415"
        try node.send("START", documentedPayload("start-2"))
        try await node.state("active", of: instance)
        try await node.wait("the guest", within: 180) { node.console(instance).contains("GUEST-READY\n") }
        #expect(node.console(instance).contains("GUEST-FIRMWARE: efi\n"))
        #expect(node.console(instance).contains("GUEST-HOSTNAME: \(instance)\n"))
      }
    }

    @Test func `the documented START of a network node, with fields beside the section, runs a machine`() async throws {
      try await Node.run { node in
        let instance = "67d86208-b46c-4465-0000-fe14087d415f"
        try node.send("START", documentedPayload("start-3"))
        try await node.state("active", of: instance)
        try await node.delete(instance)
      }
    }
  }
}
