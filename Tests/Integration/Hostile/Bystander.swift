import Foundation
import Testing

/// What no attack may touch: a machine that runs, launcher-vmm, and the memory and descriptors of a process under attack.
struct Bystander {
  private let node: Node
  private let instance: String
  private let machine: pid_t
  private let vmm: pid_t
  private let attacked: Node.Role
  private let attackedPid: pid_t
  private let memoryBefore: Int

  /// KiB by which a process may grow under attack: the largest frame or the largest queue, twice, and what an allocator
  /// keeps of them.
  static let memoryBound = 64 * 1024

  init(_ node: Node, _ instance: String, attacking role: Node.Role) throws {
    self.node = node
    self.instance = instance
    machine = try node.machine(instance)
    vmm = try node.pid(of: .vmm)
    attacked = role
    attackedPid = try node.pid(of: role)
    memoryBefore = try Self.memory(of: attackedPid, "Rss")
  }

  /// KiB of a process's memory, by a key of smaps_rollup.
  private static func memory(of pid: pid_t, _ key: String) throws -> Int {
    let text = try String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)
    let line = text.split(separator: "\n").first { $0.hasPrefix("\(key):") }
    guard let number = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw HarnessError("/proc/\(pid)/smaps_rollup has no \(key)")
    }
    return number
  }

  /// Expects that all of it is as it was.
  func check(_ location: SourceLocation = #_sourceLocation) async throws {
    let highest = try ProcessTable.status(of: attackedPid)["VmHWM"].flatMap { Int($0.split(separator: " ")[0]) }
    let growth = try #require(highest) - memoryBefore
    print("\(attacked.rawValue): \(memoryBefore) KiB before, \(growth) KiB more at most")
    #expect(growth < Self.memoryBound, sourceLocation: location)
    #expect(node.find(attacked) == attackedPid, "\(attacked.rawValue) has ended", sourceLocation: location)
    #expect(node.find(.vmm) == vmm, "launcher-vmm has ended", sourceLocation: location)
    #expect(node.machines(instance) == [machine], "the machine has ended", sourceLocation: location)
    try await node.state("active", of: instance)
  }
}
