import Foundation
import Testing

extension Integration {
  /// Images that are not there, from a registry of the test's own.
  @Suite struct ContainerImageTests {
    @Test
    func `an image that is fetched slowly is told of every 5 s, fails at -pull-deadline, and keeps nobody waiting`()
      async throws
    {
      try await ContainerHost.runNode(arguments: ["pull-deadline": "15s"]) { host, node in
        try await host.startRegistry()
        let slow = ContainerPayload(image: "\(ContainerRegistry.address)/slow/image:1")
        try node.send("START", slow.text)
        try await node.wait("the fetch to begin") { node.log.contains("\(slow.instance): fetching image") }
        // Meanwhile another one is fetched and runs its image's command.
        let quick = try await node.startContainer(
          ContainerPayload(image: "\(ContainerRegistry.address)/quick/image:1"))
        try await node.wait("the image's words") { try host.logs(quick) == "fetched\n" }
        try expectLog(of: node, "\(quick): image \(ContainerRegistry.address)/quick/image:1 is there")
        try await node.frame("the failure") { $0.isError("StartFailure", "image_failure", of: slow.instance) }
        // Docker's own words in both: the layer that it waits for.
        try expectLog(of: node, "\(slow.instance): fetching image", "s so far", "Pulling fs layer")
        try expectLog(
          of: node, "\(slow.instance): START failed with image_failure: container tool (pull) did not end within 15 s",
          "Pulling fs layer")
        #expect(!node.exists("\(node.instances)/\(slow.instance)"))
        #expect(try host.containers() == host.containers(of: quick))
        try await node.delete(quick)
        // What is there is not asked for again.
        try await host.stopRegistry()
        let again = try await node.startContainer(
          ContainerPayload(image: "\(ContainerRegistry.address)/quick/image:1"))
        try await node.delete(again)
      }
    }
  }
}
