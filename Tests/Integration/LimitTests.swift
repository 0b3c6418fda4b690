import Foundation
import Testing

extension Integration {
  /// -reject-when-full: what does not fit the node is refused, and leaves nothing behind.
  @Suite struct LimitTests {
    private static func start(_ instance: String, _ resources: String = "") -> String {
      """
      start:
        instance_uuid: \(instance)
        tenant_uuid: 0a
        image_uuid: \(Node.blankImage)
        fw_type: legacy
        requested_resources: [\(resources)]
      """
    }

    @Test func `full_cn: more memory or disk than the node has`() async throws {
      let options = Node.Options(["mem-limit": "true", "disk-limit": "true", "reject-when-full": "true"])
      try await Node.run(options) { node in
        let instance = UUID().uuidString.lowercased()
        for resources in ["{type: mem_mb, value: 16777216}", "{type: disk_mb, value: 64000000}"] {
          try await node.expectFailure(
            "StartFailure", "full_cn", of: instance, by: "START", Self.start(instance, resources))
        }
        // What was refused was not promised.
        #expect(node.frames(since: 0).filter(\.isStatus).allSatisfy { $0.operand == "READY" })
      }
    }

    @Test func `full_cn: more instances than -max-vm, also when they come at once`() async throws {
      try await Node.run(Node.Options(["max-vm": "1", "reject-when-full": "true"])) { node in
        let instances = (0..<3).map { _ in UUID().uuidString.lowercased() }
        let mark = try node.mark
        for instance in instances { try node.send("START", Self.start(instance)) }
        try await node.frame("two refusals", since: mark) { _ in
          node.frames(since: mark).filter { $0.isError("StartFailure") && $0["reason"] == "full_cn" }.count == 2
        }
        try await node.frame("FULL", since: mark) { $0.isStatus && $0.operand == "FULL" }
      }
    }

    @Test func `without -reject-when-full the limits only make the node FULL`() async throws {
      try await Node.run(Node.Options(["max-vm": "1"])) { node in
        _ = try await node.startInstance()
        _ = try await node.startInstance()
        #expect(node.frames(since: 0).last(where: \.isStatus)?.operand == "FULL")
      }
    }
  }

  /// What STATS says of an instance.
  @Suite struct FigureTests {
    @Test func `an instance's memory, disk and CPU usage are those of its machine`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        let mark = try node.mark
        let stats = try await node.frame("STATS with all figures", since: mark) {
          Int($0.instances[instance]?["cpu_usage"] ?? "") ?? -1 >= 0
        }
        let figures = try #require(stats.instances[instance])
        let memory = try #require(Int(figures["memory_usage_mb"] ?? ""))
        // More than an empty process, less than the guest's memory and QEMU's own together.
        #expect((5..<1000).contains(memory))
        #expect((0...100).contains(Int(figures["disk_usage_mb"] ?? "") ?? -1))
        #expect((0...100).contains(Int(figures["cpu_usage"] ?? "") ?? -1))

        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        let later = try await node.frame("STATS without a machine", since: try node.mark) { $0.isStats }
        #expect(later.instances[instance]?["memory_usage_mb"] == "-1")
        #expect(later.instances[instance]?["cpu_usage"] == "-1")
        #expect((0...100).contains(Int(later.instances[instance]?["disk_usage_mb"] ?? "") ?? -1))
      }
    }

    @Test func `figures are there again after a restart of launcher`() async throws {
      try await Node.run { node in
        let instance = try await node.startInstance()
        _ = try await node.stopLauncher()
        try await node.startLauncher()
        try await node.frame("STATS with the memory", since: try node.mark) {
          Int($0.instances[instance]?["memory_usage_mb"] ?? "") ?? -1 > 0
        }
      }
    }
  }
}
