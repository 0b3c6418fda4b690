import Foundation
import Testing

extension Integration {
  /// docs/PERFORMANCE.md, "System calls", against launcher: counts depend little on how busy the machine is.
  @Suite struct CallCountTests {
    /// Of each command, one after the other.
    private static let repetitions = 4
    /// How much more than what is written down is no longer the same.
    private static let tolerance = 1.2
    private static let commands = ["START", "STOP", "RESTART", "DELETE"]
    private static let observer = "launcher-vmm (observer)"
    private static let processes =
      [Node.Role.net, .vmm, .spawner].map(\.rawValue) + [observer, Node.Role.stats.rawValue]

    /// For each command and process, how many of a kind it took.
    private typealias Counts = [String: [String: Double]]

    private static func pid(of process: String, on node: Node) throws -> pid_t {
      if let role = Node.Role(rawValue: process) { return try node.pid(of: role) }
      let children = ProcessTable.children(of: try node.pid(of: .vmm))
      return try #require(children.first { ProcessTable.stat(of: $0)?.name == "vmm-observer" })
    }

    @Test func `a command takes the system calls and context switches that are written down`() async throws {
      let page = try Self.page()
      try await Node.run(Node.Options(["v": "0", "stats-interval": "1h"])) { node in
        let calls = try await Self.measure(on: node) { try SystemCalls(of: $0) }
        try Self.compare("system calls", page, calls)
        let switches = try await Self.measure(on: node) { try Switches(of: $0) }
        try Self.compare("context switches", page, switches)
      }
    }

    private static func compare(_ kind: String, _ page: [String: Counts], _ measured: Counts) throws {
      let table = Self.table(kind, measured)
      for (command, counts) in measured {
        for (process, count) in counts {
          let written = try #require(page[kind]?[command]?[process], "\(kind) of \(command) in \(process)\n\(table)")
          // One more or less of very few is no fifth.
          #expect(count <= max(written * tolerance, written + 2), "\(command) in \(process)\n\(table)")
          #expect(count * 3 >= written - 6, "far fewer: write that down\n\(table)")
        }
      }
    }

    // MARK: the page

    private static func page() throws -> [String: Counts] {
      let text = try Page.text("PERFORMANCE.md")
      var found: [String: Counts] = [:]
      var head: [String] = []
      for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        guard line.hasPrefix("| "), let first = cells.first else {
          head = []
          continue
        }
        if head.isEmpty { head = cells }
        guard processes.contains(first), ["system calls", "context switches"].contains(head[0]) else { continue }
        for (command, cell) in zip(head, cells).dropFirst() {
          found[head[0], default: [:]][command, default: [:]][first] = Double(cell)
        }
      }
      return found
    }

    /// As the page has it.
    private static func table(_ kind: String, _ counts: Counts) -> String {
      let rows = processes.map { process in
        "| \(process) | "
          + commands.map { String(Int(counts[$0]?[process]?.rounded() ?? 0)) }.joined(separator: " | ") + " |"
      }
      let head = "| \(kind) | \(commands.joined(separator: " | ")) |"
      return ([head, "| --- | --- | --- | --- | --- |"] + rows).joined(separator: "\n")
    }

    // MARK: the commands

    private static func measure(on node: Node, _ begin: (pid_t) throws -> any Counter) async throws -> Counts {
      let payloads = (0..<repetitions).map { _ in StartPayload() }
      func runs(_ instance: String) -> Int { node.log.components(separatedBy: "\(instance): runs in").count - 1 }
      func count(_ command: (StartPayload) async throws -> Void) async throws -> [String: Double] {
        try await node.settle()
        let counters = try processes.map { ($0, try begin(pid(of: $0, on: node))) }
        for payload in payloads { try await command(payload) }
        return try Dictionary(
          uniqueKeysWithValues: counters.map { ($0, Double(try $1.end()) / Double(repetitions)) })
      }
      var counts: Counts = [:]
      counts["START"] = try await count { payload in
        try node.send("START", payload.text)
        try await node.wait("the machine to run") { runs(payload.instance) == 1 }
      }
      counts["STOP"] = try await count { payload in
        try node.send("STOP", of: payload.instance)
        try await node.wait("the machine to end") { node.log.contains("\(payload.instance): its machine has ended") }
      }
      counts["RESTART"] = try await count { payload in
        try node.send("RESTART", of: payload.instance)
        try await node.wait("the machine to run again") { runs(payload.instance) == 2 }
      }
      counts["DELETE"] = try await count { try await node.delete($0.instance) }
      return counts
    }
  }
}

/// Counts something of a process from its making to its end.
private protocol Counter {
  func end() throws -> Int
}

/// All but those by which a process gives back memory: it does that some time after its work, under whatever command
/// comes then.
private struct SystemCalls: Counter {
  private let strace: ChildProcess
  private let report: String

  init(of pid: pid_t) throws {
    report = "/tmp/launcher-calls-\(UUID().uuidString)"
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(nowhere) }
    strace = try ChildProcess(
      ["/usr/bin/strace", "-c", "-U", "calls,name", "-e", "trace=!madvise,brk", "-o", report, "-p", "\(pid)"],
      output: nowhere, hearsSignals: true)
    let deadline = Date().addingTimeInterval(30)
    while !(try Self.isTraced(pid)) {
      guard Date() < deadline, !strace.hasEnded else { throw HarnessError("strace does not attach to \(pid)") }
      usleep(10_000)
    }
  }

  private static func isTraced(_ pid: pid_t) throws -> Bool {
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    return !status.contains("TracerPid:\t0\n")
  }

  func end() throws -> Int {
    // A test that runs in the background would leave it deaf to SIGINT.
    strace.signal(SIGTERM)
    _ = strace.waitForEnd()
    defer { unlink(report) }
    // Nothing is written of a process that made no call.
    guard let text = try? String(contentsOfFile: report, encoding: .utf8) else { return 0 }
    let total = text.split(separator: "\n").last { $0.hasSuffix(" total") }
    return total.flatMap { $0.split(separator: " ").first }.flatMap { Int($0) } ?? 0
  }
}

/// The kernel counts how often a process had nothing to do.
private struct Switches: Counter {
  private let pid: pid_t
  private let before: Int

  init(of pid: pid_t) throws {
    self.pid = pid
    before = try Self.count(of: pid)
  }

  private static func count(of pid: pid_t) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
    guard let number = line?.split(separator: "\t").last.flatMap({ Int($0) }) else {
      throw HarnessError("no context switches of \(pid)")
    }
    return number
  }

  func end() throws -> Int { try Self.count(of: pid) - before }
}
