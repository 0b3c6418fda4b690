import JSON

/// The tables for what the server tells of its clients.
enum NodeTables {
  static func clients(_ items: [JSONValue]) -> Table {
    var table = Table([
      .text("NODE"), .text("ROLE"), .text("SINCE"), .text("STATUS"), .number("INSTANCES"), .text("CERTIFICATE"),
    ])
    for item in items {
      table.add(["node_uuid", "role", "since", "status", "instances", "certificate"].map { visible(item[$0]) })
    }
    return table
  }

  static func stats(_ items: [JSONValue]) -> Table {
    var table = Table([
      .text("NODE"), .text("HOST"), .text("STATUS"), .number("MEM MB"), .number("AVAILABLE"), .number("DISK MB"),
      .number("AVAILABLE"), .number("LOAD"), .number("CPUS"), .number("INSTANCES"), .text("NETWORKS"),
    ])
    for item in items {
      let networks = (item["networks"]?.array ?? []).map { "\(visible($0["ip"]))/\(visible($0["mac"]))" }
      table.add(
        ["node_uuid", "hostname", "status"].map { visible(item[$0]) }
          + NodeReport.figureKeys.map { number(item[$0]) }
          + [String(item["instances"]?.array?.count ?? 0), networks.isEmpty ? "-" : networks.joined(separator: " ")])
    }
    return table
  }

  static func instances(_ items: [JSONValue]) -> Table {
    var table = Table([
      .text("INSTANCE"), .text("STATE"), .text("NODE"), .text("SSH"), .number("MEM MB"), .number("DISK MB"),
      .number("CPU %"),
    ])
    for item in items {
      let port = item["ssh_port"]?.int ?? 0
      let address = visible(item["ssh_ip"])
      table.add(
        ["instance_uuid", "state", "node_uuid"].map { visible(item[$0]) } + [port > 0 ? "\(address):\(port)" : address]
          + ["memory_usage_mb", "disk_usage_mb", "cpu_usage"].map { number(item[$0]) })
    }
    return table
  }

  /// A figure; launchers send -1 for one that they do not know.
  private static func number(_ value: JSONValue?) -> String { value?.int == -1 ? "-" : visible(value) }
}
