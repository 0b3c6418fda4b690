import Foundation

/// What a test does to a node behind its back.
extension Node {
  /// Changes an instance's state file while launcher is away.
  func changeState(of instance: String, _ change: (inout [String: Any]) throws -> Void) throws {
    let path = "\(instances)/\(instance)/state"
    let url = URL(fileURLWithPath: path)
    var state = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any] ?? [:]
    try change(&state)
    try JSONSerialization.data(withJSONObject: state).write(to: url)
    chown(path, Self.vmmUser, Self.vmmUser)
  }

  /// launcher waits longer each time before it starts a process again that ends early. Of a test that has ended many it
  /// starts a new one, which knows nothing of that, after every few of them.
  func forgetEarlyEnds(after count: Int) async throws {
    guard count.isMultiple(of: 4) else { return }
    try await stopLauncher()
    try await startLauncher()
  }

  /// A command in front of launcher that gives it a mount namespace of its own, set up by a line of shell.
  static func inPrivateMounts(_ setUp: String) -> [String] {
    ["/usr/bin/unshare", "--mount", "/bin/sh", "-ec", "\(setUp); exec \"$@\"", "launcher"]
  }

  /// How many descriptors each of launcher's processes holds.
  func openFiles() throws -> [Role: Int] {
    var counts: [Role: Int] = [:]
    for role in Role.allCases {
      guard let pid = find(role) else { continue }
      counts[role] = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
    }
    return counts
  }
}

extension ChildProcess {
  /// Kills and reaps it.
  func end() {
    signal(SIGKILL)
    while !hasEnded { usleep(1000) }
  }
}

extension ProcessTable {
  /// When a process started, in clock ticks from boot (proc(5), field 22).
  static func startTime(of pid: pid_t) -> String? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    guard let close = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: close)...].split(separator: " ")
    return fields.count > 19 ? String(fields[19]) : nil
  }
}
