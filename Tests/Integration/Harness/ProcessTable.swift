import Foundation

/// What /proc says of processes.
enum ProcessTable {
  /// All process ids.
  static var all: [pid_t] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
  }

  /// The arguments of a process; empty when it has ended, also when nobody has reaped it yet.
  static func arguments(of pid: pid_t) -> [String] {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"), !data.isEmpty else { return [] }
    return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The processes that were given `text` in an argument: nothing else names a node's folder.
  static func mentioning(_ text: String) -> [pid_t] {
    all.filter { $0 != getpid() && arguments(of: $0).contains { $0.contains(text) } }
  }

  /// Children, in order of their ids.
  static func children(of parent: pid_t) -> [pid_t] { all.filter { stat(of: $0)?.parent == parent }.sorted() }

  static func exists(_ pid: pid_t) -> Bool { !arguments(of: pid).isEmpty }

  /// Name and parent (proc(5)); the name stands in parentheses and may hold anything.
  static func stat(of pid: pid_t) -> (name: String, parent: pid_t)? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: close)...].split(separator: " ")
    guard fields.count > 1, let parent = pid_t(fields[1]) else { return nil }
    return (String(text[text.index(after: open)..<close]), parent)
  }

  /// The lines `Key: value` of /proc/PID/status.
  static func status(of pid: pid_t) throws -> [String: String] {
    let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    var fields: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      fields[String(parts[0])] = parts[1].split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    return fields
  }
}
