import Foundation

/// A registry of images on loopback of an engine's own network (Tests/Peer/registry.go).
final class ContainerRegistry {
  static let address = "127.0.0.1:5000"

  private let input: InputSocket
  private let process: ChildProcess

  /// Of an image with the layer in `layer`, in the network of the process `engine`.
  init(layer: String, engine: pid_t, folder: String) async throws {
    let into = ["/usr/bin/nsenter", "--net=/proc/\(engine)/ns/net", "--"]
    try ChildProcess.run(into + [Node.ip, "link", "set", "lo", "up"])
    let reports = "\(folder)/registry.log"
    let output = open(reports, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer { close(output) }
    input = try InputSocket()
    process = try input.start(into + [try Surroundings().peer, "registry", Self.address, layer], output: output)
    let isThere = try await eventually {
      try process.hasEnded || String(contentsOfFile: reports, encoding: .utf8).contains(Self.address)
    }
    guard isThere, !process.hasEnded else { throw HarnessError("the registry does not listen; see \(reports)") }
  }

  func stop() async throws {
    input.close()
    guard try await eventually({ process.hasEnded }) else { throw HarnessError("the registry does not end") }
  }
}
