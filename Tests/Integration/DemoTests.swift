import Foundation
import Testing

extension Integration {
  @Suite struct DemoTests {
    /// What the README shows first works, whatever else does. Each ends with an error when a step of it fails.
    @Test(arguments: ["demo", "demo-network", "demo-container"]) func `the demonstrations run through`(
      _ script: String
    ) throws {
      let surroundings = try Surroundings()
      let scripts = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../scripts").path
      let groups = ContainerHost.controlGroups()
      let (status, text) = try ChildProcess.outcome(of: [
        "\(scripts)/\(script)", surroundings.binaries, surroundings.guestImage,
      ])
      #expect(status == 0, "\(text)")
      #expect(ContainerHost.controlGroups() == groups)
    }
  }
}
