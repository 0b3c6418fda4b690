import Foundation
import Testing

/// What no attack may touch: a machine that runs, launcher-vmm, and the process under attack.
struct Bystander {
  private let node: Node
  private let instance: String
  private let machine: pid_t
  private let processes: [Node.Role: pid_t]
  private let files: [Node.Role: Int]

  /// KiB that launcher-net and launcher-vmm may have had in memory at any time: docs/SECURITY.md has what was measured.
  private static let memoryBounds: [Node.Role: Int] = [.net: 128 * 1024, .vmm: 64 * 1024]
  private static let watched: [Node.Role] = [.net, .vmm, .stats, .spawner]

  init(_ node: Node, _ instance: String) throws {
    self.node = node
    self.instance = instance
    machine = try node.machine(instance)
    processes = try Dictionary(uniqueKeysWithValues: Self.watched.map { ($0, try node.pid(of: $0)) })
    files = try node.openFiles()
  }

  /// Expects that all of it is as it was, and that no process has needed more memory than it may.
  func check(_ location: SourceLocation = #_sourceLocation) async throws {
    try await node.state("active", of: instance)
    #expect(node.machines(instance) == [machine], sourceLocation: location)
    for (role, pid) in processes {
      #expect(node.find(role) == pid, "\(role.rawValue) has ended", sourceLocation: location)
      guard let bound = Self.memoryBounds[role] else { continue }
      let peak = try ProcessTable.status(of: pid)["VmHWM"].flatMap { Int($0.split(separator: " ")[0]) }
      #expect(try #require(peak) < bound, "KiB of \(role.rawValue)", sourceLocation: location)
      let files = files[role]
      try await node.wait("\(role.rawValue) to close what it does not need") {
        // One sample may be on its way.
        (try node.openFiles()[role] ?? 0) <= (files ?? 0) + 2
      }
    }
  }
}
