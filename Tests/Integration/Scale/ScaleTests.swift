import Foundation
import Testing

extension Integration {
  /// What thousands of instances and commands cost, on simulated nodes. `make bench` runs them in their full size and
  /// prints the figures of docs/PERFORMANCE.md; else they are small, and hold what does not depend on the machine.
  @Suite(.serialized) struct ScaleTests {
    @Test func `the cost of a START does not grow with the number of instances`() async throws {
      var table = Measurements(
        "INSTANCES", "NET us", "VMM us", "NET bytes", "VMM bytes", "STATS ms", "VMM RECORDS")
      // Each size on the node that has the smaller ones; the first warms up.
      let sizes = Measurements.isBenchmark ? [100, 300, 1000, 3000, 10_000] : [100, 200, 800]
      try await Node.run(.simulation(["stats-interval": "3600s"])) {
        try $0.limitInstances(to: 1_000_000)
      } _: { node in
        var started = 0
        var costs: [Double] = []
        var shares: [Double] = []
        for size in sizes {
          let before = try node.costs()
          try await node.startSimulated(started..<size)
          let after = try node.costs()
          let count = Double(size - started)
          func perStart(_ part: Node.Part) -> Double { Double(after[part]!.time - before[part]!.time) / count / 1000 }
          func bytes(_ part: Node.Part) -> Double {
            Double(after[part]!.anonymous - before[part]!.anonymous) / count
          }
          costs.append(perStart(.net) + perStart(.vmm))
          started = size
          let stats = try await statsTime(of: node, instances: size)
          shares.append(stats / Double(size))
          table.add(
            "\(size)", perStart(.net).rounded(to: 0), perStart(.vmm).rounded(to: 0), bytes(.net).rounded(to: 0),
            bytes(.vmm).rounded(to: 0), (stats * 1000).rounded(to: 1), after[.vmm]!.anonymous.megabytes)
          if size == 10_000 { #expect(stats < 0.25, "STATS of 10 000 instances cost \(stats) s of a processor") }
        }
        #expect(costs[costs.count - 1] < 3 * costs[1], "microseconds for a START: \(costs)")
        #expect(shares[shares.count - 1] < 3 * shares[1], "seconds of STATS for an instance: \(shares)")
        #expect(node.frames(since: 0).filter { $0.type == "ERROR" }.count == sizes.count)
      }
      table.show("START of simulated instances, each on a node that has those before; STATS of all of them")
    }

    /// Seconds that launcher-net and launcher-stats work for one STATS: a new connection brings one.
    private func statsTime(of node: Node, instances: Int) async throws -> Double {
      let (before, mark) = (try node.costs(), try node.mark)
      try node.peer.do(["do": "close"])
      try await node.frame("STATS of \(instances) instances", since: mark) {
        $0.isStats && $0.payload.components(separatedBy: "instance_uuid").count == instances + 1
      }
      let after = try node.costs()
      return Double(after[.net]!.time - before[.net]!.time + after[.stats]!.time - before[.stats]!.time) / 1e9
    }

    @Test func `memory does not grow with the number of commands`() async throws {
      let rounds = Measurements.size(4, benchmark: 250)
      let perRound = 100
      var table = Measurements("AFTER", "NET", "VMM", "STATS")
      try await Node.run(.simulation()) {
        try $0.limitInstances(to: 1_000_000)
      } _: { node in
        /// Each starts, stops, restarts and deletes the same instances.
        func carryOutRound() async throws {
          let mark = try node.mark
          for number in 0..<perRound {
            var payload = StartPayload()
            payload.instance = Node.simulatedInstance(number)
            try node.send("START", payload.text)
            for command in ["STOP", "RESTART", "DELETE"] { try node.send(command, of: payload.instance) }
          }
          try await node.wait("the instances to be deleted", within: 120) {
            node.frames(since: mark).count { $0.operand == "InstanceDeleted" } == perRound
          }
        }
        func memory() throws -> [Node.Part: Int] { try node.costs().mapValues(\.anonymous) }
        /// In a benchmark also what the kernel counts when it has been quiet for a while: then memory is given back.
        func addQuiet(_ label: String) async throws {
          guard Measurements.isBenchmark else { return }
          try await Task.sleep(for: .seconds(15))
          let figures = try Node.Part.allCases.map { try node.proportionalMemory(of: $0).megabytes }
          table.add("\(label), PSS", figures[0], figures[1], figures[2])
        }
        try await addQuiet("no command")
        try await carryOutRound()
        let first = try memory()
        for _ in 1..<rounds { try await carryOutRound() }
        let last = try memory()
        for (label, figures) in [("\(4 * perRound)", first), ("\(4 * perRound * rounds)", last)] {
          table.add(
            "\(label) commands", figures[.net]!.megabytes, figures[.vmm]!.megabytes, figures[.stats]!.megabytes)
        }
        for part in Node.Part.allCases {
          #expect(last[part]! - first[part]! < 1_048_576, "\(part): \(first[part]!) bytes, then \(last[part]!)")
        }
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
        try await addQuiet("the last command")
        try await node.startSimulated(0..<100)
        try await addQuiet("START of 100 instances")
      }
      table.show("Memory that no file backs, after START, STOP, RESTART and DELETE of instances")
    }

    @Test func `a node without work hardly wakes up`() async throws {
      let seconds = Measurements.size(5, benchmark: 30)
      var waits: [Int] = []
      try await Node.run(.simulation(["stats-interval": "30s"])) { node in
        try await node.startSimulated(0..<20)
        waits = try await waitsWhenQuiet(node, seconds) {
          let costs = try node.costs()
          return Node.Part.allCases.map { costs[$0]!.waits }
        }
      }
      var table = Measurements("PROCESS", "WAKE-UPS a second")
      for (part, count) in zip(Node.Part.allCases, waits) {
        table.add("launcher-\(part)", (Double(count) / Double(seconds)).rounded(to: 2))
      }
      table.show("Idle, with 20 instances and a scheduler")
    }

    @Test func `each process of a node with a machine hardly wakes up while nothing happens`() async throws {
      let seconds = 5
      let options = Node.Options(["stats-interval": "30s"], server: "localhost")
      try await Node.run(options) { node in
        try node.send("START", StartPayload().text)
        try await node.wait("the machine to run") { node.log.contains(": runs in ") }
        let processes = node.launcherProcesses
        #expect(processes.count >= 7, "front end, net, its resolver, vmm, its spawner and observer, stats")
        _ = try await waitsWhenQuiet(node, seconds) { try processes.map { try ProcessCost(of: $0).waits } }
      }
    }

    /// Waits for a time of so many seconds in which no process wakes up more than once a second; how often each did. What
    /// starts have left to be done comes first, giving back memory after some seconds among it.
    private func waitsWhenQuiet(_ node: Node, _ seconds: Int, _ count: () throws -> [Int]) async throws -> [Int] {
      var waits: [Int] = []
      try await node.wait("a time of \(seconds) s in which no process wakes up more than once a second", within: 120) {
        let before = try count()
        sleep(UInt32(seconds))
        waits = zip(try count(), before).map { $0 - $1 }
        return waits.allSatisfy { $0 <= seconds }
      }
      return waits
    }
  }
}
