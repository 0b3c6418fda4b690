import Foundation

extension Soak {
  /// What launcher's processes hold when there is no instance.
  struct Possessions: Equatable {
    /// Open descriptors of each, in order, by the names that the processes have.
    var descriptors: [String: [Int]] = [:]
    var files: Set<String> = []
    var interfaces: [String] = []
  }
}

extension Soak.Run {
  /// KiB that a process may have more than it had in its first clears: heaps have gaps.
  private static let memoryTolerance = 4096
  /// Clears until memory has grown to what is needed.
  private static let warmUp = 3
  /// So many times the same is found in a row before it is taken for lasting.
  private static let sameness = 10

  func possessions() throws -> Soak.Possessions {
    var all = Soak.Possessions(files: node.files)
    for pid in node.launcherProcesses {
      guard let name = ProcessTable.stat(of: pid)?.name,
        let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")
      else { continue }
      all.descriptors[name, default: []].append(descriptors.count)
    }
    if kind.hasNetwork { all.interfaces = try node.devices().map(\.ifname) }
    return all
  }

  /// Everything is as it was at the beginning; the first time it is the beginning.
  func comparePossessions() async throws {
    guard let baseline else {
      var (found, times) = (Soak.Possessions(), 0)
      // No descriptor that is open for a moment is taken for one that stays.
      try await wait("processes that hold what they hold") {
        let now = try possessions()
        times = now == found ? times + 1 : 0
        found = now
        return times == Self.sameness
      }
      baseline = found
      return
    }
    var found = baseline
    do {
      try await wait("what there was at the beginning") {
        found = try possessions()
        return found == baseline
      }
    } catch {
      throw HarnessError("\(error)\nat the beginning: \(baseline)\nnow: \(found)")
    }
    try compareMemory()
  }

  private func compareMemory() throws {
    for pid in node.launcherProcesses {
      guard let name = ProcessTable.stat(of: pid)?.name, let status = try? ProcessTable.status(of: pid),
        let used = status["RssAnon"].flatMap({ Int($0.split(separator: " ")[0]) })
      else { continue }
      if totals.clears <= Self.warmUp {
        memory[name] = max(memory[name] ?? 0, used)
      } else if used > memory[name, default: 0] + Self.memoryTolerance {
        throw node.trouble("\(name) has \(used) KiB in memory, and had \(memory[name] ?? 0) KiB")
      }
      peak[name] = max(peak[name] ?? 0, used)
    }
  }
}
