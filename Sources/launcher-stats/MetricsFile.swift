import Glibc
import Glog
import Instances
import Linux

/// The samples as a file in the OpenMetrics text format, kept to what Prometheus's older text format also is: so that
/// the textfile collector of the node exporter takes it.
final class MetricsFile {
  static let name = "launcher.prom"
  private static let newName = ".launcher.prom.new"

  private let folder: Descriptor
  private var isComplaining = false

  /// Opens the folder, before the confinement.
  init(in folder: String) throws(SystemError) {
    self.folder = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
  }

  /// Puts a sample in place of the last one: a reader finds the one or the other, whole.
  func write(_ node: NodeSample, _ instances: [InstanceSample], at time: Int) {
    do {
      let file = try Descriptor.open(
        Self.newName, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644, in: folder)
      try Files.write(Array(Self.text(node, instances, at: time).utf8), to: file, named: Self.newName)
      guard renameat(folder.raw, Self.newName, folder.raw, Self.name) == 0 else {
        throw SystemError("rename", Self.name)
      }
      isComplaining = false
    } catch {
      if !isComplaining { log.error("metrics: \(error); trying again at each sample") }
      isComplaining = true
    }
  }

  /// - time: seconds since the epoch.
  static func text(_ node: NodeSample, _ instances: [InstanceSample], at time: Int) -> String {
    var text = MetricsText()
    text.gauge("launcher_sample_timestamp_seconds", "When these figures were taken.", [("", time)])
    text.gauge("launcher_node_memory_size_bytes", "Memory of the node.", [("", bytes(node.memoryTotalMB))])
    text.gauge(
      "launcher_node_memory_available_bytes", "Memory that new instances could have without swapping.",
      [("", bytes(node.memoryAvailableMB))])
    text.gauge(
      "launcher_node_disk_size_bytes", "Size of the instances' file system.", [("", decimal(node.diskTotalMB))])
    text.gauge(
      "launcher_node_disk_available_bytes", "Bytes of it that users may take.", [("", decimal(node.diskAvailableMB))])
    text.gauge("launcher_node_load", "Run queue length over the last minute, integer part.", [("", known(node.load))])
    text.gauge("launcher_node_online_cpus", "CPUs that are online.", [("", known(node.cpusOnline))])
    text.gauge(
      "launcher_instances", "Instances by state.",
      InstanceState.allCases.map { state in ("state=\"\(state.name)\"", instances.count { $0.state == state }) })
    func each(_ name: String, _ help: String, _ value: (InstanceSample) -> Int?) {
      text.gauge(name, help, instances.map { (label($0), value($0)) })
    }
    text.gauge(
      "launcher_instance_state", "1 for the state that the instance is in.",
      instances.map { ("\(label($0)),state=\"\($0.state.name)\"", 1) })
    each("launcher_instance_memory_bytes", "Proportional memory of the instance's processes.") {
      bytes($0.memoryUsageMB)
    }
    each("launcher_instance_disk_bytes", "Bytes allocated to the instance's disk.") { decimal($0.diskUsageMB) }
    each("launcher_instance_cpu_percent", "Share of the CPU time that the instance's vcpus could have had.") {
      known($0.cpuUsage)
    }
    text.gauge(
      "launcher_instance_ssh_port", "Port at which the concentrator forwards to the instance's ssh.",
      instances.filter { $0.sshPort > 0 }.map { ("\(label($0)),address=\"\($0.sshIP)\"", $0.sshPort) })
    return text.finished
  }

  private static func label(_ sample: InstanceSample) -> String { "uuid=\"\(sample.instance)\"" }

  /// nil for what is not known, which is then left out.
  private static func known(_ figure: Int) -> Int? { figure < 0 ? nil : figure }
  /// Of MiB.
  private static func bytes(_ figure: Int) -> Int? { known(figure).map { $0 &* 1_048_576 } }
  /// Of 10^6 bytes.
  private static func decimal(_ figure: Int) -> Int? { known(figure).map { $0 &* 1_000_000 } }
}

/// Families of metrics, one after the other.
private struct MetricsText {
  private var text = ""

  /// - values: labels and value of each metric; a value that is nil is left out, and a family without any.
  mutating func gauge(_ name: String, _ help: String, _ values: [(labels: String, value: Int?)]) {
    let known = values.filter { $0.value != nil }
    guard !known.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
    for (labels, value) in known { text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value ?? 0)\n" }
  }

  var finished: String { text + "# EOF\n" }
}
