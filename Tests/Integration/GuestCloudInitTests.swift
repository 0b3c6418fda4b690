import Foundation
import Testing

extension Integration {
  /// What real cloud-init makes of the config drive. Slow under software emulation, so it has a target of its own:
  /// `make test-cloud-init`.
  @Suite struct CloudInitTests {
    @Test func `cloud-init carries out the documented user data and takes its host name from the meta-data`()
      async throws
    {
      try await Node.run(
        Node.Options(["stop-grace": "10m"]),
        prepare: { node in
          guard let image = ProcessInfo.processInfo.environment["LAUNCHER_CLOUD_IMAGE"] else {
            throw HarnessError("LAUNCHER_CLOUD_IMAGE is not set: run this test by `make test-cloud-init`, as root")
          }
          unlink("\(node.images)/\(Node.image)")
          try ChildProcess.run(["/usr/bin/cp", "--sparse=always", image, "\(node.images)/\(Node.image)"])
        }
      ) { node in
        let instance = MainJobTests.instance
        try node.send("START", documentedPayload("start-1"))
        try await node.state("active", of: instance)
        // The default meta-data name the guest after its instance. /etc/bootdone is made by runcmd alone.
        try await node.wait("runcmd to be carried out", within: 1200) {
          node.console(instance).contains("CLOUD-INIT-BOOTDONE: \(instance)\r\n")
        }
        try node.send("STOP", of: instance)
        try await node.wait("the guest to power down", within: 600) { node.machines(instance).isEmpty }
        #expect(!node.frames(since: 0).contains { $0.type == "ERROR" })
      }
    }
  }
}
