import Foundation
import Testing

extension Integration {
  /// A scheduler whose host is gone: nothing says so, its packets just do not come any more.
  @Suite struct DeadPeerTests {
    /// Takes as long as TCP's user time-out, a minute.
    @Test func `a scheduler that vanishes without a word is noticed, and connected to when it is back`() async throws {
      try await Node.run(Node.Options(hasOwnNetwork: true)) { node in
        let before = node.connections
        try node.setLoopback(up: false)
        try await node.wait("launcher to give the connection up", within: 180) {
          node.log.contains("Connection timed out")
        }
        try node.setLoopback(up: true)
        try await node.wait("launcher to connect again", within: 120) { node.connections > before }
        let instance = try await node.startInstance()
        try await node.delete(instance)
      }
    }
  }
}
