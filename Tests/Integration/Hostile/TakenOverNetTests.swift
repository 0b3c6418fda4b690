import Foundation
import Testing

extension Integration {
  /// launcher-net is taken over: a test program comes to the rendezvous as its user and holds its end of the channel.
  @Suite struct TakenOverNetTests {
    @Test func `launcher-vmm keeps its memory and its machines, closes the channel, and says why`() async throws {
      try await Node.run(Node.Options(["stop-grace": "1h"])) { node in
        let instance = try await node.startInstance()
        let victim = try await node.startInstance()
        let bystander = try Bystander(node, instance)
        let net = try node.pid(of: .net)
        kill(net, SIGSTOP)
        defer { kill(net, SIGCONT) }
        let output = "\(node.folder)/attacks"
        try Self.attack(node, victim, output)
        let outcomes = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
        #expect(outcomes.count > 300)
        for outcome in outcomes where !outcome.hasPrefix(outcome.contains("allowed: ") ? "open " : "closed ") {
          Issue.record("\(outcome)")
        }
        let reasons = node.log.split(separator: "\n").filter { line in
          line.contains("Peers.swift") && line.contains("launcher-net")
            && ["a message that no honest", "a message larger", "messages wait"].contains { line.contains($0) }
        }
        // A datagram of no bytes is taken for the end.
        let closed = outcomes.filter { $0.hasPrefix("closed ") && $0 != "closed nothing" }
        #expect(reasons.count == closed.count, "each channel's end is told once")
        // The STOP that kept all others waiting ends with the machine.
        kill(try node.machine(victim), SIGKILL)
        kill(net, SIGCONT)
        try await node.settle()
        try await bystander.check()
        try await node.delete(victim)
      }
    }

    /// Makes all attacks, one after the other.
    private static func attack(_ node: Node, _ victim: String, _ output: String) throws {
      let file = open(output, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      defer { close(file) }
      let program = "\(node.surroundings.debugBinaries)/taken-over-net"
      let process = try ChildProcess(
        [program, "\(Node.netUser)", node.rendezvous, victim, StartPayload().image], output: file)
      #expect(process.waitForEnd() == 0, "\(program) failed")
    }
  }
}
