import Foundation
import Testing

extension Integration {
  /// What the node tells its own operators: log files and metrics.
  @Suite struct LocalReportTests {
    private static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

    @Test func `each confined process keeps log files in its own folder`() async throws {
      // By name, so that the resolver is at work as well.
      let options = Node.Options(["logtostderr": "false", "log_max_total": "64K", "v": "5"], server: "localhost")
      try await Node.run(options) { node in
        let logs = "\(node.stateFolder)/logs"
        let instance = try await node.startInstance()
        try node.send("STOP", of: UUID().uuidString.lowercased())
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        #expect(Self.text("\(logs)/launcher-vmm/launcher-vmm.INFO").contains("] \(instance): "))
        #expect(Self.text("\(logs)/launcher-vmm/launcher-vmm.ERROR").contains("STOP failed with no_instance"))
        #expect(Self.text("\(logs)/launcher-net/launcher-net.INFO").contains("] connected to "))
        #expect(Self.text("\(logs)/launcher-stats/launcher-stats.INFO").contains("] connected to launcher-vmm"))
        #expect(Self.text("\(logs)/launcher/launcher.INFO").contains("launcher-net started, process "))
        let users = [
          ("launcher-net", Node.netUser), ("launcher-vmm", Node.vmmUser), ("launcher-stats", Node.statsUser),
        ]
        for (process, user) in users {
          for name in try FileManager.default.contentsOfDirectory(atPath: "\(logs)/\(process)") {
            let owner = try FileManager.default.attributesOfItem(atPath: "\(logs)/\(process)/\(name)")[.ownerAccountID]
            #expect((owner as? NSNumber)?.uint32Value == user, "\(process)/\(name)")
          }
        }
        // Standard error has what is worth a person's attention, and no more.
        let shown = Self.text(node.logFile)
        #expect(shown.contains("STOP failed with no_instance"))
        #expect(!shown.contains("] connected to "))
      }
    }

    @Test func `neither user data nor keys are logged, and failures are, with instance and cause`() async throws {
      try await Node.run(Node.Options(["v": "10"])) { node in
        let secret = UUID().uuidString
        let payload = StartPayload(userData: "password: \(secret)\n")
        let instance = try await node.startInstance(payload)
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        // Payloads that fail, each at another place: already there, no image, no YAML.
        var other = StartPayload(image: "0a", userData: payload.userData)
        other.instance = UUID().uuidString.lowercased()
        let mark = try node.mark
        for text in [payload.text, other.text, "password: \(secret)\n\tstart: ["] { try node.send("START", text) }
        _ = try await node.frame("the last failure", since: mark) {
          $0.type == "ERROR" && $0.payload.contains("invalid_payload")
        }
        try await node.settle()
        try expectLog(of: node, instance, "START failed with instance_exists")
        try expectLog(of: node, other.instance, "START failed with image_failure", "0a")
        #expect(!node.log.contains(secret))
        #expect(!node.log.contains("PRIVATE KEY"))
      }
    }

    @Test func `metrics are what STATS says, and promtool accepts them`() async throws {
      let folder = "/tmp/launcher-metrics-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      try await Node.run(Node.Options(["metrics": folder])) { node in
        let instance = try await node.startInstance()
        let file = "\(folder)/launcher.prom"
        try await node.wait("the instance's memory in the metrics") {
          Self.text(file).contains("launcher_instance_memory_bytes{uuid=\"\(instance)\"} ")
        }
        let metrics = Self.text(file)
        #expect(metrics.contains("launcher_instance_state{uuid=\"\(instance)\",state=\"active\"} 1\n"))
        #expect(metrics.hasSuffix("# EOF\n"))
        let tool = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
          .deletingLastPathComponent().appending(path: "scripts/promtool").path
        try ChildProcess.run(["/bin/sh", "-c", "'\(tool)' check metrics <'\(file)'"])
        let top = try ChildProcess.run(["\(Surroundings().binaries)/launcherctl", "top", folder, "-once"])
        #expect(top.contains("1 active") && top.contains("\(instance)  active"), "\(top)")
      }
    }
  }
}
