import Glog

/// The screen of `launcherctl top`.
enum TopTable {
  /// Seconds from which on figures are called old: launcher-stats writes at least every second interval of 30 s.
  private static let oldAge = 60
  /// Lines above the instances, the table's own heading included.
  private static let headLines = 6

  /// - Parameters:
  ///   - now: seconds since the epoch.
  ///   - rows: lines that there is room for; instances that do not fit are counted.
  static func text(_ metrics: Metrics, now: Int, isColoured: Bool, rows: Int) -> String {
    var table = Table([
      .text("INSTANCE"), .text("STATE"), .number("CPU %"), .number("MEMORY MiB"), .number("DISK MB"), .text("SSH"),
    ])
    // The busiest first.
    let order = metrics.instances.sorted {
      (figure($0, "instance_cpu_percent"), figure($0, "instance_memory_bytes"))
        > (figure($1, "instance_cpu_percent"), figure($1, "instance_memory_bytes"))
    }
    // The last line of a terminal stays empty, and one line is for those that do not fit.
    let room = max(1, rows - headLines - 1)
    let shown = order.prefix(order.count > room ? room - 1 : room)
    for instance in shown { table.add(cells(instance)) }
    var lines = table.text.split(separator: "\n").map(String.init)
    if isColoured {
      for (index, instance) in shown.enumerated() { lines[index + 1] = coloured(lines[index + 1], instance.state) }
      lines[0] = "\u{1b}[7m" + lines[0] + "\u{1b}[0m"
    }
    if shown.count < order.count { lines.append("... and \(order.count - shown.count) more") }
    return (head(metrics, now) + [""] + lines).joined(separator: "\n") + "\n"
  }

  private static func head(_ metrics: Metrics, _ now: Int) -> [String] {
    let node = metrics.node
    func text(_ name: String, per unit: Int = 1) -> String { node[name].map { String($0 / unit) } ?? "-" }
    let age = node["sample_timestamp_seconds"].map { now - $0 }
    let note = age.map { $0 > oldAge ? ", \($0) s old: is launcher-stats running?" : "" } ?? ""
    let states = ["active", "pending", "exited"].map { "\(text("instances_" + $0)) \($0)" }
    return [
      "instances  \(states.joined(separator: ", "))\(note)",
      "load       \(text("node_load")) on \(text("node_online_cpus")) CPUs",
      "memory     \(text("node_memory_available_bytes", per: 1_048_576)) of "
        + "\(text("node_memory_size_bytes", per: 1_048_576)) MiB available",
      "disk       \(text("node_disk_available_bytes", per: 1_000_000)) of "
        + "\(text("node_disk_size_bytes", per: 1_000_000)) MB available",
    ]
  }

  private static func figure(_ instance: Metrics.Instance, _ name: String) -> Int { instance.figures[name] ?? -1 }

  private static func cells(_ instance: Metrics.Instance) -> [String] {
    func text(_ name: String, per unit: Int = 1) -> String {
      instance.figures[name].map { String($0 / unit) } ?? "-"
    }
    let port = instance.figures["instance_ssh_port"]
    let ssh = instance.sshAddress.flatMap { address in port.map { "\(address):\($0)" } } ?? "-"
    return [instance.uuid, instance.state].map { VisibleText.decoding(Array($0.utf8)) } + [
      text("instance_cpu_percent"), text("instance_memory_bytes", per: 1_048_576),
      text("instance_disk_bytes", per: 1_000_000), VisibleText.decoding(Array(ssh.utf8)),
    ]
  }

  private static func coloured(_ line: String, _ state: String) -> String {
    let colour =
      switch state {
      case "active": 32
      case "pending": 33
      default: 90
      }
    return "\u{1b}[\(colour)m\(line)\u{1b}[0m"
  }
}
