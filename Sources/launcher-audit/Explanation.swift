import Rights

/// The rights of one process with the reason of each: the data that the process enforces.
struct Explanation: CustomStringConvertible {
  let rights: ProcessRights

  /// By its name; the part in parentheses will do: `launcher-net`, `spawner`.
  init?(_ name: String) {
    guard
      let rights = ProcessRights.all.first(where: { $0.name == name || $0.name.hasSuffix(" (\(name))") })
    else { return nil }
    self.rights = rights
  }

  static var names: String { ProcessRights.all.map(\.name).joined(separator: ", ") }

  var description: String {
    var lines = [rights.name]
    func section(_ title: String, _ entries: [(String, String)]) {
      lines += ["", title]
      lines += entries.isEmpty ? ["  none"] : entries.map { "  \($0.0): \($0.1)" }
    }
    if let observed = rights.observed {
      section(
        "Identity",
        [("user", observed.user?.rawValue ?? "whoever starts it"), ("groups", list(observed.groups))]
          + observed.namespaces.map { ("namespace \($0.name), under systemd", $0.reason) })
    }
    if let right = rights.observed?.equalToRoot { section("As good as root", [("because", right)]) }
    section(
      "Capabilities, in any set", rights.capabilities.map { ($0, "the rest is dropped from every set") })
    section("Limits", rights.limits.map { ("\($0.resource.rawValue) \($0.value)", $0.reason) })
    switch rights.landlock {
    case .none(let reason): section("Landlock", [("no domain", reason)])
    case .domain(let policy):
      section(
        "Landlock: files; nothing else can be opened",
        policy.files.map(file))
      section("Landlock: TCP", [("connect", ports(policy.connect)), ("bind", ports(policy.bind))])
      section(
        "Landlock: scopes",
        [
          ("abstract sockets outside", policy.scopesAbstractSockets ? "out of reach" : policy.scopeReason),
          ("signals to processes outside", policy.scopesSignals ? "out of reach" : policy.scopeReason),
        ])
    }
    section(
      rights.seccomp.kind == .allowList
        ? "System calls; any other kills the process" : "System calls that fail; any other is allowed",
      rights.seccomp.rules.map { (call($0), $0.reason) })
    for more in rights.underOptions {
      func addition(_ title: String, _ entries: [(String, String)]) {
        if !entries.isEmpty { section("More with \(more.option): \(title)", entries) }
      }
      addition("files", more.files.map(file))
      addition("TCP", more.connect.map { [("connect", ports($0))] } ?? [])
      addition("system calls that fail", more.refused.map { (call($0), $0.reason) })
      addition("system calls that are allowed", more.allowed.map { (call($0), $0.reason) })
      addition("descriptors", more.descriptors.map { (kind($0.kind), $0.reason) })
    }
    if let observed = rights.observed {
      section("Descriptors", observed.descriptors.map { (kind($0.kind), $0.reason) })
      section("Listening sockets", observed.listens.map { [("allowed", $0)] } ?? [])
      section("Writable and executable memory", observed.writableCode.map { [("allowed", $0)] } ?? [])
      section("Threads", [("number", observed.threads.map { "any: \($0)" } ?? "1")])
    }
    if !rights.isForeign { section("Libraries beside the runtimes", rights.libraries.map { ($0, "linked") }) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func list(_ items: [String]) -> String { items.isEmpty ? "none" : items.joined(separator: ", ") }

  private func file(_ rule: FileRule) -> (String, String) {
    ("\(place(rule.place)) (\(access(rule.access)))", rule.reason)
  }

  private func place(_ place: Place) -> String {
    if case .path(let path) = place { path } else { "\(place)" }
  }

  private func access(_ access: FileAccess) -> String {
    FileAccess.names.filter { access.contains($0.0) }.map(\.1).joined(separator: ", ")
  }

  private func ports(_ ports: TCPPorts) -> String {
    switch ports {
    case .any: "any port"
    case .only(let list): list.isEmpty ? "no port" : list.map(String.init).joined(separator: ", ")
    case .schedulers: "the schedulers' ports"
    case .ceph:
      (TCPPorts.cephMonitors.map(String.init)
        + ["\(TCPPorts.cephDaemons.lowerBound) to \(TCPPorts.cephDaemons.upperBound)"]).joined(separator: ", ")
    }
  }

  private func kind(_ kind: DescriptorRule.Kind) -> String {
    switch kind {
    case .link(let prefix): prefix
    case .place(let place): "\(place)"
    case .socket(let kind): "\(kind.rawValue) socket"
    }
  }

  private func call(_ rule: SyscallRule) -> String {
    let conditions = rule.conditions.map { condition in
      switch condition.comparison {
      case .equal(let mask, let value):
        "argument \(condition.argument)\(mask == .max ? "" : " & \(hexadecimal(mask))") = \(hexadecimal(value))"
      case .different(let value): "argument \(condition.argument) ≠ \(hexadecimal(value))"
      }
    }
    return rule.names.joined(separator: ", ")
      + (conditions.isEmpty ? "" : " where " + conditions.joined(separator: " and "))
      + (rule.failure.map { $0 == 0 ? " (not carried out, answered by 0)" : " (fails with errno \($0))" } ?? "")
  }

  private func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}
