import JSON
import Rights
import Settings

extension Audit {
  /// For people: a line for each process, a sentence for each deviation.
  var table: String {
    let head = [
      "PROCESS", "PID", "USER", "CAPABILITIES", "NNP", "SECCOMP", "THREADS", "NAMESPACES", "LISTENS", "W+X", "",
    ]
    let rows = processes.map { process, checks in
      func found(_ right: String) -> String { checks.first { $0.right == right }?.found ?? "" }
      return [
        process.rights.name, "\(process.state.pid)", found("user").isEmpty ? "root" : found("user"),
        found("effective capabilities"), found("no_new_privs") == "set" ? "yes" : "no", found("seccomp"),
        found("threads"), found("own namespaces"), "\(process.state.listeners.count)",
        "\(process.state.writableCode.count)", checks.allSatisfy(\.isInOrder) ? "in order" : "DEVIATES",
      ]
    }
    let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
    let lines = ([head] + rows).map { row in
      zip(row, widths).map { $0 + String(repeating: " ", count: max(0, $1 - $0.count)) }.joined(separator: "  ")
        .trimmingTrailingSpaces
    }
    let verdict = deviations.isEmpty ? ["Everything is in order."] : deviations.map { "- \($0.sentence)." }
    let simulation = isSimulation ? [simulationWarning + "."] : []
    return (lines + [""] + simulation + [containersLine, volumesLine] + verdict).joined(separator: "\n") + "\n"
  }

  private var containersLine: String {
    guard let containers, let right = containers.observed.equalToRoot else {
      return "containers: off. No process may use a container engine."
    }
    return "containers: on. \(containers.title) is as good as root: \(right). No other process may."
  }

  private var volumesLine: String {
    switch volumes {
    case .none: "volumes: off. launcher-vmm opens no disk but those of instances."
    case .folder(let path):
      "volumes: on. launcher-vmm may read and write the files of \(path), and hands them to machines."
    case .rbd(let pool):
      "volumes: on. Machines may connect to Ceph's ports anywhere, and have the key of \(pool.client): \(pool)."
    }
  }

  private var volumesName: String? { volumes.folder ?? volumes.pool?.description }

  /// For programs; docs/AUDIT.md documents the members. A change that breaks readers changes the version.
  var json: JSONValue {
    let list = processes.map { process, checks -> JSONValue in
      [
        "name": .string(process.rights.name), "pid": .int(Int64(process.state.pid)),
        "program": .string(process.state.program),
        "checks": .array(
          checks.map { check in
            [
              "right": .string(check.right), "found": .string(check.found), "expected": .string(check.expected),
              "in_order": .bool(check.isInOrder), "why": .string(check.why),
            ]
          }),
      ]
    }
    return [
      "version": 1, "in_order": .bool(deviations.isEmpty), "containers": .bool(containers != nil),
      "simulation": .bool(isSimulation), "volumes": volumesName.map { .string($0) } ?? .null,
      "processes": .array(list),
      "deviations": .array(
        deviations.map { deviation in
          [
            "process": .string(deviation.process), "right": .string(deviation.right),
            "found": .string(deviation.found), "expected": .string(deviation.expected),
            "why": .string(deviation.why), "sentence": .string(deviation.sentence),
          ]
        }),
    ]
  }
}

extension String {
  fileprivate var trimmingTrailingSpaces: String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
