import Foundation

/// What the kernel has counted of a process by now.
struct ProcessCost {
  /// Nanoseconds on a processor.
  let time: Int
  /// Bytes that no file backs.
  let anonymous: Int
  /// Bytes, what is shared divided among those who share it.
  let proportional: Int
  /// How often it waited.
  let waits: Int

  init(of pid: pid_t) throws {
    func text(_ name: String) throws -> String {
      try String(contentsOfFile: "/proc/\(pid)/\(name)", encoding: .utf8)
    }
    func kilobytes(_ key: String, in text: String) -> Int {
      let line = text.split(separator: "\n").first { $0.hasPrefix("\(key):") } ?? ""
      return 1024 * (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
    }
    guard let time = try text("schedstat").split(separator: " ").first.flatMap({ Int($0) }) else {
      throw HarnessError("read the processor time of process \(pid)")
    }
    self.time = time
    let memory = try text("smaps_rollup")
    anonymous = kilobytes("Anonymous", in: memory)
    proportional = kilobytes("Pss", in: memory)
    waits = Int(try ProcessTable.status(of: pid)["voluntary_ctxt_switches"] ?? "") ?? 0
  }
}

extension Node {
  /// The three processes, and launcher-vmm's children with it.
  enum Part: String, CaseIterable {
    case net, vmm, stats

    fileprivate var role: Role {
      switch self {
      case .net: .net
      case .vmm: .vmm
      case .stats: .stats
      }
    }
  }

  /// The processes of a part.
  func pids(of part: Part) throws -> [pid_t] {
    let pid = try pid(of: part.role)
    return [pid] + ProcessTable.children(of: pid)
  }

  func costs() throws -> [Part: ProcessCost] {
    try Dictionary(uniqueKeysWithValues: Part.allCases.map { ($0, try ProcessCost(of: pid(of: $0.role))) })
  }

  func proportionalMemory(of part: Part) throws -> Int {
    try pids(of: part).reduce(0) { $0 + (try ProcessCost(of: $1)).proportional }
  }
}

/// A table of measurements for people, printed when the tests run as a benchmark.
struct Measurements {
  static var isBenchmark: Bool { ProcessInfo.processInfo.environment["LAUNCHER_BENCH"] != nil }

  /// One of two sizes: what the tests take, and what is worth a table.
  static func size(_ small: Int, benchmark: Int) -> Int { isBenchmark ? benchmark : small }

  private var rows: [[String]]

  init(_ head: String...) { rows = [head] }

  mutating func add(_ row: String...) { rows.append(row) }

  /// Prints the table below a line that says on what it was measured.
  func show(_ title: String) {
    guard Self.isBenchmark else { return }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
    }
    print("\n\(title)\n\(Self.machine)\n\n\(lines.joined(separator: "\n"))\n")
  }

  /// Processor, kernel and memory.
  private static var machine: String {
    func first(_ key: String, in file: String) -> String {
      let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
      let line = text.split(separator: "\n").first { $0.hasPrefix(key) } ?? ""
      return line.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "?"
    }
    let kernel = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? "?"
    let load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? "?"
    return "\(ProcessInfo.processInfo.activeProcessorCount) x \(first("model name", in: "/proc/cpuinfo")), "
      + "\(first("MemTotal", in: "/proc/meminfo")), Linux \(kernel.trimmingCharacters(in: .newlines)), "
      + "load \(load.split(separator: " ").first ?? "?")"
  }
}

extension Int {
  /// As a number of megabytes, for tables.
  var megabytes: String { String(format: "%.1f MB", Double(self) / 1_048_576) }
}

extension Double {
  func rounded(to digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
