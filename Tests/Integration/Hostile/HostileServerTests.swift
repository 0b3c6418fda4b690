import Foundation
import Testing

extension Integration {
  /// Servers of the list that misbehave, before one that does not.
  @Suite struct HostileServerTests {
    /// Ways to misbehave (Tests/Peer/misbehave.go), each with the reason that the log must have.
    private typealias Conducts = [(conduct: String, reason: String)]

    @Test func `servers with a bad certificate or an old TLS are refused, and the next is tried`() async throws {
      try await Self.pass([
        ("unknown-authority", "local issuer certificate"), ("expired", "expired"), ("other-host", "made out for"),
        ("role-not-certified", "role scheduler, its certificate backs agent"), ("tls-1.0", "TLS 1.2 or later"),
      ])
    }

    @Test func `servers with a bad stream in place of CONNECTED are refused, and the next is tried`() async throws {
      try await Self.pass([
        ("command-first", "first value must be STATUS CONNECTED"), ("huge-length", "limit"),
        ("endless-definitions", "limit"), ("deep-nesting", "limit"),
      ])
    }

    @Test func `servers with a bad stream behind CONNECTED are left, and the next is tried`() async throws {
      try await Self.pass([
        ("deaf", "does not read"), ("largest-frame-undone", "closed"), ("huge-length-later", "limit"),
        ("definitions-later", "limit"), ("nesting-later", "limit"),
      ])
    }

    @Test func `servers that send the largest payloads are left, and the next is tried`() async throws {
      try await Self.pass([
        ("largest-text", "closed"), ("most-keys", "closed"), ("largest-user-data", "closed"),
        ("largest-unread", "closed"),
      ])
    }

    @Test func `servers that hang up at once are left, and the next is tried`() async throws {
      try await Self.pass(Array(repeating: ("hang-up", "closed"), count: 4))
    }

    /// Runs a node to which the servers are listed before the good one.
    private static func pass(_ conducts: Conducts, _ location: SourceLocation = #_sourceLocation) async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        try await node.stopLauncher()
        let hostile = try Peer(
          node.surroundings.peer, misbehaving: conducts.map(\.conduct), certificates: node.certificates,
          folder: node.folder)
        let ports = try await hostile.ports(conducts.count)
        let servers = (ports + [node.port]).map { "127.0.0.1:\($0)" }.joined(separator: ",")
        try await node.startLauncher(more: ["-server=\(servers)"])
        let bystander = try Bystander(node, instance)
        for (port, (conduct, reason)) in zip(ports, conducts) {
          let lines = node.log.split(separator: "\n").filter { $0.contains("127.0.0.1:\(port): ") }
          #expect(lines.count == 1, "\(conduct)", sourceLocation: location)
          #expect(lines.last?.contains(reason) ?? false, "\(conduct): \(lines)", sourceLocation: location)
        }
        try await bystander.check(location)
        try await hostile.endInput()
      }
    }
  }
}
