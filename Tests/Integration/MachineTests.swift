import Foundation
import Testing

extension Integration {
  /// What a machine does by itself.
  @Suite struct MachineTests {
    @Test func `a guest that powers off is exited at once, and RESTART boots it again`() async throws {
      // Long enough apart that only the end of the machine can be in the next STATS by then.
      try await Node.run { node in
        let payload = StartPayload(
          image: Node.image, memory: 128,
          userData: "runcmd: []\n# for the guest of these tests:\nguest-poweroff-after: 0\n")
        let instance = try await node.startInstance(payload)
        try await node.wait("the guest to power off", within: 120) { node.machines(instance).isEmpty }
        #expect(node.console(instance).contains("GUEST-POWEROFF"))
        let mark = try node.mark
        let stats = try await node.frame("the next STATS but one", since: mark) { frame in
          frame.isStats && node.frames(since: mark).first(where: \.isStats)?.index != frame.index
        }
        #expect(stats.instances[instance]?["state"] == "exited")
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
      }
    }

    @Test func `a machine that is killed is exited, and RESTART boots it again`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        let killed = try node.machine(instance)
        kill(killed, SIGKILL)
        try await node.state("exited", of: instance)
        try node.send("RESTART", of: instance)
        try await node.state("active", of: instance)
        #expect(try node.machine(instance) != killed)
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }

    @Test func `a guest that ignores the power button is ended when -stop-grace is over`() async throws {
      try await Node.run(Node.Options(["stop-grace": "1s"])) { node in
        let instance = try await node.startInstance()
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        #expect(node.machines(instance).isEmpty)
      }
    }
  }
}
