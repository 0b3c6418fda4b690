import Foundation
import Testing

extension Integration {
  /// How long a node takes to start where instances run already. `make bench` runs this in its full size.
  @Suite(.serialized) struct TakeOverTests {
    @Test func `a node with 200 instances takes them over as it starts`() async throws {
      var table = Measurements("INSTANCES", "ms FROM THE FRONT END'S START UNTIL ALL ARE READY AND MANAGED")
      try await Node.run(.simulation()) { node in
        let empty = try await startTime(of: node, instances: 0)
        table.add("0", empty.rounded(to: 0))
        try await node.startSimulated(0..<200)
        let full = try await startTime(of: node, instances: 200)
        table.add("200 simulated", full.rounded(to: 0))
        // Where nothing else runs.
        if Measurements.isBenchmark { #expect(empty < 150 && full < 1000) }
      }
      table.show("Start")
    }

    @Test func `a node with machines takes over each of them as it starts`() async throws {
      let count = Measurements.size(40, benchmark: 100)
      var table = Measurements("MACHINES", "NET, PSS", "VMM, PSS", "STATS, PSS", "ms UNTIL ALL ARE READY AND MANAGED")
      try await Node.run(Node.Options(["v": "0", "max-vm": "200", "mem-limit": "false"])) { node in
        let instances = (0..<count).map { _ in UUID().uuidString.lowercased() }
        for instance in instances {
          var payload = StartPayload()
          payload.instance = instance
          payload.memory = 16
          try node.send("START", payload.text)
        }
        try await node.wait("states to say what runs", within: 300) { instances.allSatisfy(node.isRecorded) }
        let machines = try instances.map { try node.machine($0) }
        let time = try await startTime(of: node, instances: count)
        #expect(try instances.map { try node.machine($0) } == machines)
        if Measurements.isBenchmark { try await Task.sleep(for: .seconds(15)) }
        let memory = try Node.Part.allCases.map { try node.proportionalMemory(of: $0).megabytes }
        table.add("\(count)", memory[0], memory[1], memory[2], time.rounded(to: 0))
      }
      table.show("Machines, taken over")
    }

    /// Starts the node again; milliseconds from the front end's first line in the log until the last process is ready
    /// and manages the last instance.
    private func startTime(of node: Node, instances: Int) async throws -> Double {
      try await node.stopLauncher()
      try FileManager.default.removeItem(atPath: node.logFile)
      try await node.startLauncher()
      func logged(_ text: String) -> [Substring] {
        node.log.split(separator: "\n").filter { text.isEmpty || $0.contains(text) }
      }
      // Instances are taken over beside what else a node does.
      try await node.wait("\(instances) instances to be managed again") {
        logged("; managed again").count == instances && logged("] connected to launcher-vmm").count == 2
      }
      let began = logged("").first.flatMap { Self.time(of: $0) } ?? 0
      let last = logged("; managed again") + logged("] connected to launcher-vmm")
      let ended = last.compactMap { Self.time(of: $0) }.max() ?? 0
      #expect(began > 0 && ended > 0)
      return (ended - began) * 1000
    }

    /// Seconds of the day in a log line.
    private static func time(of line: Substring) -> Double? {
      // `I1124 12:19:14.702629 …`
      let fields = line.split(separator: " ").dropFirst().first?.split(separator: ":").compactMap { Double($0) } ?? []
      return fields.count == 3 ? fields[0] * 3600 + fields[1] * 60 + fields[2] : nil
    }
  }
}
