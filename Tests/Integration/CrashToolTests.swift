import Foundation
import Testing

extension Integration {
  /// Tools that fail in ways that real ones can hardly be brought to: launcher sees others in their places, in a mount
  /// namespace of its own.
  @Suite struct CrashToolTests {
    private static let tools = ["qemu-img", "xorriso"]

    /// A program that takes any arguments and does nothing until it is killed.
    private static func makeHangingTool(_ node: Node) throws -> String {
      let source = "\(node.folder)/hang.c"
      try "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n"
        .write(toFile: source, atomically: true, encoding: .utf8)
      let program = "\(node.folder)/hang"
      try ChildProcess.run(["/usr/bin/gcc", "-static", "-o", program, source])
      return program
    }

    private static func hangingTools(_ node: Node, _ tool: String) -> [pid_t] {
      ProcessTable.mentioning(node.instances).filter { ProcessTable.arguments(of: $0).first?.hasSuffix(tool) ?? false }
    }

    @Test(arguments: tools)
    func `a tool that hangs is killed at its deadline, one that is killed fails, and nothing is left`(tool: String)
      async throws
    {
      try await Node.run(Node.Options(["tool-deadline": "3s"])) { node in
        let hang = try Self.makeHangingTool(node)
        try await node.stopLauncher()
        try await node.startLauncher(through: Node.inPrivateMounts("mount --bind \(hang) /usr/bin/\(tool)"))
        let payload = StartPayload()
        try await node.expectFailure("StartFailure", "image_failure", of: payload.instance, by: "START", payload.text)
        #expect(node.log.contains("\(tool) did not end within 3 s"), "\(node.log.suffix(2000))")
        #expect(Self.hangingTools(node, tool).isEmpty)

        let mark = try node.mark
        try node.send("START", payload.text)
        try await node.wait("\(tool) to run") { !Self.hangingTools(node, tool).isEmpty }
        for pid in Self.hangingTools(node, tool) { kill(pid, SIGKILL) }
        try await node.frame("a failure", since: mark) {
          $0.isError("StartFailure", "image_failure", of: payload.instance)
        }
        #expect(node.log.contains("\(tool) was ended by signal 9"), "\(node.log.suffix(2000))")
        #expect(try FileManager.default.contentsOfDirectory(atPath: node.instances) == [])

        // Another instance's command does not wait for the tool.
        try node.send("START", payload.text)
        try await node.settle()
        // launcher-vmm that ends takes its tools along.
        try await node.wait("\(tool) to run") { !Self.hangingTools(node, tool).isEmpty }
        try await node.killLauncher()
        try await node.wait("\(tool) to end") { Self.hangingTools(node, tool).isEmpty }
        try await node.startLauncher()
        try await node.settle()
        #expect(try FileManager.default.contentsOfDirectory(atPath: node.instances) == [])
      }
    }

    @Test(arguments: [
      ("qemu-img", "image_failure"), ("xorriso", "image_failure"), ("qemu-system-x86_64", "launch_failure"),
    ])
    func `a tool that is not installed is named`(tool: String, reason: String) async throws {
      try await Node.run { node in
        try await node.stopLauncher()
        try await node.startLauncher(through: Node.inPrivateMounts("mount --bind /dev/null /usr/bin/\(tool)"))
        let payload = StartPayload()
        let mark = try node.mark
        try node.send("START", payload.text)
        try await node.frame("a failure", since: mark) { $0.isError("StartFailure", reason, of: payload.instance) }
        let named = node.log.contains("\(tool) is not installed (looked in /usr/local/bin, /usr/bin, /bin)")
        #expect(named, "\(node.log.suffix(2000))")
        #expect(node.exists("\(node.instances)/\(payload.instance)") == (reason == "launch_failure"))
      }
    }
  }
}
