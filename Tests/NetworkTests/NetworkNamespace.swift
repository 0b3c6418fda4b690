import CProbe
import Foundation

/// A network namespace of a test's own, gone at its end with all that is in it.
final class NetworkNamespace {
  struct Failed: Error, CustomStringConvertible { let description: String }

  let name: String

  init(_ role: String = "node") throws {
    name = "launcher-\(role)-\(UUID().uuidString.prefix(8))"
    try Self.command("ip", ["netns", "add", name])
    try ip("link", "set", "lo", "up")
  }

  func remove() { _ = try? Self.command("ip", ["netns", "delete", name]) }

  /// Runs `body`, which must not wait for another task, with this thread in the namespace.
  func run<R>(_ body: () throws -> R) throws -> R {
    let own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
    let other = open("/run/netns/\(name)", O_RDONLY | O_CLOEXEC)
    defer {
      close(own)
      close(other)
    }
    guard own >= 0, other >= 0, Self.enter(other) else { throw Failed(description: "enter \(name)") }
    defer { precondition(Self.enter(own), "come back from \(name)") }
    return try body()
  }

  private static func enter(_ namespace: Int32) -> Bool {
    probe_syscall(Int(SYS_setns), Int(namespace), 0, 0, 0, 0, 0) == 0
  }

  @discardableResult
  func ip(_ arguments: String...) throws -> String { try Self.command("ip", ["-n", name] + arguments) }

  /// Another program in this namespace.
  @discardableResult
  func execute(_ arguments: String...) throws -> String {
    try Self.command("ip", ["netns", "exec", name] + arguments)
  }

  /// Names of all interfaces.
  func interfaces() throws -> Set<String> {
    let lines = try ip("-o", "link").split(separator: "\n")
    return Set(lines.map { String($0.split(separator: " ")[1].prefix { $0 != ":" && $0 != "@" }) })
  }

  /// The rules of nftables, without what they counted.
  func filters() throws -> String { try execute("nft", "-s", "list", "ruleset") }

  /// Runs a program to its end and gives what it wrote.
  @discardableResult
  static func command(_ program: String, _ arguments: [String]) throws -> String {
    let run = Process()
    run.executableURL = URL(fileURLWithPath: "/usr/sbin/\(program)")
    run.arguments = arguments
    let output = Pipe()
    run.standardOutput = output
    run.standardError = output
    run.standardInput = FileHandle.nullDevice
    try run.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    run.waitUntilExit()
    guard run.terminationStatus == 0 else {
      throw Failed(description: "\(program) \(arguments.joined(separator: " ")): \(text)")
    }
    return text
  }
}
