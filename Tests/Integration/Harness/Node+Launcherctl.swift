import Foundation

extension Node {
  /// Has launcherctl's server take the scheduler's place while `body` runs, which it gives a way to run launcherctl.
  func withLauncherctl(
    _ body: (_ launcherctl: (String...) throws -> (status: Int32, text: String)) async throws -> Void
  ) async throws {
    let (program, server) = ("\(surroundings.binaries)/launcherctl", "\(folder)/launcherctl")
    func ctl(_ arguments: String...) throws -> (status: Int32, text: String) {
      try ChildProcess.outcome(of: [program] + arguments + ["-dir", server])
    }
    peer.kill()
    let output = open("\(folder)/launcherctl.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer { close(output) }
    let process = try ChildProcess(
      [program, "serve", "-dir", server, "-listen", "127.0.0.1:\(port)"], output: output)
    try await wait("launcherctl serve to answer") { try ctl("clients").status == 0 }
    // Those of its own authority, which launcher-net reads at its next start.
    let own = try certificates(from: server)
    kill(try pid(of: .net), SIGKILL)
    try await wait("the node to be connected to launcherctl") { try ctl("clients").text.contains(" agent ") }
    try await body(ctl)
    process.signal(SIGKILL)
    _ = process.waitForEnd()
    for (path, content) in own { try content.write(to: URL(fileURLWithPath: path)) }
    try await replacePeer()
    kill(try pid(of: .net), SIGKILL)
    try await wait("the node to be connected to its scheduler") { connections > 0 }
  }

  /// Puts the certificates of a folder in the place of the node's, which it gives.
  private func certificates(from folder: String) throws -> [String: Data] {
    var own: [String: Data] = [:]
    for name in ["ca.pem", "agent.pem"] {
      let path = "\(certificates)/\(name)"
      own[path] = try Data(contentsOf: URL(fileURLWithPath: path))
      try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")).write(to: URL(fileURLWithPath: path))
    }
    return own
  }
}
