import Foundation
import Testing

extension Integration {
  /// Many nodes with one scheduler: `launcherctl serve`, and simulated launchers on one machine.
  @Suite(.serialized) struct ManyNodesTests {
    @Test func `all nodes come back to a server that was restarted`() async throws {
      let count = Measurements.size(20, benchmark: 200)
      let cluster = try Cluster()
      do {
        try await storm(on: cluster, of: count)
      } catch {
        try await cluster.tearDown()
        throw error
      }
      try await cluster.tearDown()
    }

    private func storm(on cluster: Cluster, of count: Int) async throws {
      var table = Measurements("WHAT", "SECONDS", "SERVER CPU s", "SERVER PSS", "REFUSED")
      func measure(_ what: String, _ body: () async throws -> Void) async throws {
        let before = cluster.server.map { try? ProcessCost(of: $0.pid).time } ?? nil
        let began = Date()
        try await body()
        let seconds = Date().timeIntervalSince(began)
        let after = try cluster.cost()
        let refused = try cluster.ctl("events").components(separatedBy: " refused ").count - 1
        table.add(
          what, seconds.rounded(to: 2), (Double(after.time - (before ?? 0)) / 1e9).rounded(to: 2),
          after.proportional.megabytes, "\(refused)")
        #expect(refused == 0)
      }
      try await cluster.startServer()
      try await measure("\(count) nodes connect for the first time") {
        for number in 0..<count { try cluster.startNode(number) }
        try await cluster.waitForNodes(count)
      }
      let seconds = Measurements.size(1, benchmark: 10)
      try await measure("STATS of all for \(seconds) intervals of 1 s") { try await Task.sleep(for: .seconds(seconds)) }
      try await cluster.waitForNodes(count)
      cluster.killServer()
      try await cluster.startServer()
      try await measure("\(count) nodes come back to a server that was killed") {
        try await cluster.waitForNodes(count)
      }
      let away = Measurements.size(2, benchmark: 30)
      // In between the nodes have found nobody there, again and again.
      cluster.killServer()
      try await Task.sleep(for: .seconds(away))
      try await cluster.startServer()
      try await measure("\(count) nodes come back after \(away) s without a server") {
        try await cluster.waitForNodes(count)
      }
      table.show("\(count) simulated launchers and one launcherctl serve on one machine")
    }
  }

  /// A server, and nodes that are started in numbers.
  private final class Cluster {
    private let binaries: String
    private let folder: String
    private let sweeper: Sweeper
    private(set) var server: ChildProcess?
    private var nodes: [ChildProcess] = []
    private var port = 0

    init() throws {
      binaries = try Surroundings().binaries
      folder = "/tmp/launcher-cluster-\(UUID().uuidString.prefix(8))"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      chmod(folder, 0o755)
      sweeper = try Sweeper(of: folder)
    }

    private func log(_ name: String) -> Int32 {
      open("\(folder)/\(name).log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    }

    func startServer() async throws {
      let output = log("serve")
      defer { close(output) }
      server = try ChildProcess(
        ["\(binaries)/launcherctl", "serve", "-dir", "\(folder)/server", "-listen", "127.0.0.1:\(port)"],
        output: output)
      let started = try await eventually {
        let text = try String(contentsOfFile: "\(folder)/serve.log", encoding: .utf8)
        // `SSNTP server … listens on 127.0.0.1:PORT, control socket …`
        let line = text.split(separator: "\n").last { $0.contains("listens on") }
        port = line?.split(separator: ",").first?.split(separator: ":").last.flatMap { Int($0) } ?? port
        return port > 0 && (try? ctl("clients")) != nil
      }
      guard started else { throw HarnessError("launcherctl serve does not start") }
    }

    func killServer() {
      server?.signal(SIGKILL)
      _ = server?.waitForEnd()
    }

    func ctl(_ command: String) throws -> String {
      try ChildProcess.run(["\(binaries)/launcherctl", command, "-dir", "\(folder)/server"])
    }

    func cost() throws -> ProcessCost {
      guard let server else { throw HarnessError("no server runs") }
      return try ProcessCost(of: server.pid)
    }

    func startNode(_ number: Int) throws {
      let output = log("node-\(number)")
      defer { close(output) }
      nodes.append(
        try ChildProcess(
          [
            "\(binaries)/launcher", "-simulation", "-state-dir=\(folder)/\(number)/state",
            "-rendezvous=\(folder)/\(number)/r",
            "-server=127.0.0.1:\(port)", "-cacert=\(folder)/server/ca.pem", "-cert=\(folder)/server/agent.pem",
            "-net-user=\(Node.netUser):\(Node.netUser)", "-vmm-user=\(Node.vmmUser):\(Node.vmmUser)",
            "-stats-user=\(Node.statsUser):\(Node.statsUser)", "-stats-interval=1s", "-logtostderr",
          ], output: output))
    }

    func waitForNodes(_ count: Int) async throws {
      let came = try await eventually(within: 120) {
        try ctl("clients").components(separatedBy: " agent ").count - 1 == count
      }
      guard came else { throw HarnessError("not all of \(count) nodes are connected:\n\(try ctl("clients"))") }
    }

    func tearDown() async throws {
      for node in nodes { node.signal(SIGTERM) }
      for node in nodes where node.waitForEnd() != 0 { Issue.record("a node ended with a status other than 0") }
      killServer()
      _ = try await eventually { ProcessTable.mentioning(folder).isEmpty }
      try FileManager.default.removeItem(atPath: folder)
      try await sweeper.finish()
    }
  }
}
