import Foundation
import Testing

extension Integration {
  /// What the scheduler configures, by CONNECTED and by CONFIGURE.
  @Suite struct ConfigurationTests {
    private static func configuration(_ launcher: String) -> String { "configure: {launcher: {\(launcher)}}" }

    /// A START that asks for more disk than any node has, and gets it as long as no limit is set.
    private static func start(_ instance: String) -> String {
      var payload = StartPayload()
      payload.instance = instance
      payload.diskMB = "64000000"
      return payload.text
    }

    @Test func `the newest configuration counts, also for a new launcher-vmm, and an invalid one changes nothing`()
      async throws
    {
      var options = Node.Options(["reject-when-full": "true"])
      options.peer = ["-configuration", Self.configuration("disk_limit: true, child_user: somebody")]
      try await Node.run(options) { node in
        let instance = UUID().uuidString.lowercased()
        func expectFull() async throws {
          try await node.expectFailure(
            "StartFailure", "full_cn", of: instance, by: "START", Self.start(instance))
        }
        try await expectFull()
        try expectLog(of: node, "Configurator.swift", "child_user is not used, because -vmm-user was given")

        for invalid in [Self.configuration("disk_limit: 7, mem_limit: false"), "configure: [", ""] {
          let mark = try node.mark
          try node.send("CONFIGURE", invalid)
          let answer = try await node.frame("InvalidConfiguration", since: mark) { $0.type == "ERROR" }
          #expect(answer.operand == "InvalidConfiguration" && answer.payload.isEmpty)
        }
        try await expectFull()

        let vmm = try node.pid(of: .vmm)
        kill(vmm, SIGKILL)
        try await node.wait("the next launcher-vmm") { node.find(.vmm).map { $0 != vmm } ?? false }
        try await expectFull()

        try node.send("CONFIGURE", Self.configuration("compute_net: [240.0.0.0/4]"))
        try await node.wait("the limit to be lifted") { node.log.contains("memory none, disk none") }
        try node.send("START", Self.start(instance))
        try await node.state("active", of: instance)
        let stats = try await node.frame("STATS", since: try node.mark) { $0.isStats }
        #expect(stats.payload.contains("\nnetworks: []\n"), "no interface has an address of class E")
      }
    }

    @Test func `an invalid configuration of CONNECTED is answered, and the node works without it`() async throws {
      var options = Node.Options()
      options.peer = ["-configuration", Self.configuration("disk_limit: 7")]
      try await Node.run(options) { node in
        try await node.frame("InvalidConfiguration") { $0.isError("InvalidConfiguration") && $0.payload.isEmpty }
        _ = try await node.startInstance()
      }
    }

    @Test func `a configuration that sets no limit lifts what was set before launcher-net was killed`() async throws {
      var options = Node.Options(["reject-when-full": "true"])
      options.peer = ["-configuration", Self.configuration("")]
      try await Node.run(options) { node in
        let instance = UUID().uuidString.lowercased()
        try node.send("CONFIGURE", Self.configuration("disk_limit: true"))
        try await node.expectFailure("StartFailure", "full_cn", of: instance, by: "START", Self.start(instance))
        kill(try node.pid(of: .net), SIGKILL)
        try await node.wait("the limit to be lifted") { node.log.contains("limits: memory none, disk none") }
        try await node.settle()
        try node.send("START", Self.start(instance))
        try await node.state("active", of: instance)
      }
    }

    @Test func `what the operator decided has the last word, and the log says so`() async throws {
      var options = Node.Options(["reject-when-full": "true", "disk-limit": "false"])
      options.peer = ["-configuration", Self.configuration("disk_limit: true")]
      try await Node.run(options) { node in
        try await node.wait("the configuration in the log") {
          node.log.contains("the scheduler's configuration: -disk-limit was given, which has the last word")
        }
        let instance = UUID().uuidString.lowercased()
        try node.send("START", Self.start(instance))
        try await node.state("active", of: instance)
      }
    }
  }
}
