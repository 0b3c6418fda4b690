import Foundation
import Testing

/// The `openssl` program as a peer of another making, and as a maker of files.
final class OpenSSLProgram {
  private let identifier: pid_t
  private let input: Socket
  private let output: Socket
  private var status: Int32?
  private var text = ""

  /// Starts `openssl` with `arguments`; its output and errors are read together.
  init(_ arguments: [String], in folder: Folder) throws {
    let childInput: Socket
    let childOutput: Socket
    (input, childInput) = try Socket.unixPair()
    (output, childOutput) = try Socket.unixPair()
    childInput.setBlocking()
    childOutput.setBlocking()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, childInput.descriptor, 0)
    posix_spawn_file_actions_adddup2(&actions, childOutput.descriptor, 1)
    posix_spawn_file_actions_adddup2(&actions, childOutput.descriptor, 2)
    var words = (["env", "-C", folder.url.path, "openssl"] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var started: pid_t = 0
    guard Socket.inheritance.withLock({ _ in posix_spawnp(&started, "env", &actions, nil, &words, nil) }) == 0
    else { throw SocketFailure(step: "posix_spawnp openssl") }
    identifier = started
  }

  deinit { kill() }

  /// Ends the program at once, as the kernel does when memory is short.
  func kill() {
    if status == nil { Glibc.kill(identifier, SIGKILL) }
    reap()
  }

  func send(_ text: String) { input.sendPlain(text) }

  /// Reads on until the output holds `pattern`, and returns the first match.
  func waitFor<Output>(_ pattern: Regex<Output>) throws -> Regex<Output>.Match {
    while true {
      if let match = try pattern.firstMatch(in: text) { return match }
      try #require(try readMore(), "openssl ended without saying what was waited for; it said: \(text)")
    }
  }

  /// Closes the program's input, and returns everything that it says until it ends.
  func finish() throws -> String {
    input.close()
    while try readMore() {}
    reap()
    return text
  }

  private func reap() {
    guard status == nil else { return }
    var status: Int32 = 0
    waitpid(identifier, &status, 0)
    self.status = status
  }

  private func readMore() throws -> Bool {
    do { try output.wait(for: POLLIN) } catch {
      Issue.record("openssl said nothing for too long; before: \(text)")
      throw error
    }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(output.descriptor, &bytes, bytes.count)
    if count > 0 { text += String(decoding: bytes[..<count], as: UTF8.self) }
    return count > 0
  }

  /// Runs `openssl` to its end, which must be a good one.
  @discardableResult static func run(_ arguments: String..., in folder: Folder) throws -> String {
    let program = try OpenSSLProgram(arguments, in: folder)
    let text = try program.finish()
    try #require(program.status == 0, "openssl \(arguments) failed: \(text)")
    return text
  }
}

/// A folder for one test, removed after it.
final class Folder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func write(_ bytes: [UInt8], to name: String) throws { try Data(bytes).write(to: url.appendingPathComponent(name)) }

  func read(_ names: String...) throws -> [UInt8] {
    try names.flatMap { [UInt8](try Data(contentsOf: url.appendingPathComponent($0))) }
  }
}

extension OpenSSLProgram {
  /// Makes NAME.pem and NAME-key.pem (RSA 2048), signed by ISSUER.pem and ISSUER-key.pem, with the file `extensions`.
  static func issueRSA(_ name: String, by issuer: String, in folder: Folder) throws {
    try run(
      "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "\(name)-key.pem", "-out", "\(name).csr", "-subj",
      "/CN=\(name)",
      in: folder)
    try run(
      "x509", "-req", "-in", "\(name).csr", "-CA", "\(issuer).pem", "-CAkey", "\(issuer)-key.pem", "-set_serial", "77",
      "-days", "2", "-extfile", "extensions", "-out", "\(name).pem", in: folder)
  }
}
