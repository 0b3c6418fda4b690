import Foundation
import Instances
import Testing

@testable import launcher_stats

private let expected = """
  # HELP launcher_sample_timestamp_seconds When these figures were taken.
  # TYPE launcher_sample_timestamp_seconds gauge
  launcher_sample_timestamp_seconds 1700000000
  # HELP launcher_node_memory_size_bytes Memory of the node.
  # TYPE launcher_node_memory_size_bytes gauge
  launcher_node_memory_size_bytes 1073741824
  # HELP launcher_node_load Run queue length over the last minute, integer part.
  # TYPE launcher_node_load gauge
  launcher_node_load 3
  # HELP launcher_instances Instances by state.
  # TYPE launcher_instances gauge
  launcher_instances{state="pending"} 0
  launcher_instances{state="active"} 1
  launcher_instances{state="exited"} 1
  # HELP launcher_instance_state 1 for the state that the instance is in.
  # TYPE launcher_instance_state gauge
  launcher_instance_state{uuid="a-1",state="active"} 1
  launcher_instance_state{uuid="a-2",state="exited"} 1
  # HELP launcher_instance_memory_bytes Proportional memory of the instance's processes.
  # TYPE launcher_instance_memory_bytes gauge
  launcher_instance_memory_bytes{uuid="a-1"} 2097152
  # HELP launcher_instance_disk_bytes Bytes allocated to the instance's disk.
  # TYPE launcher_instance_disk_bytes gauge
  launcher_instance_disk_bytes{uuid="a-1"} 0
  launcher_instance_disk_bytes{uuid="a-2"} 7000000
  # HELP launcher_instance_cpu_percent Share of the CPU time that the instance's vcpus could have had.
  # TYPE launcher_instance_cpu_percent gauge
  launcher_instance_cpu_percent{uuid="a-1"} 99
  # HELP launcher_instance_ssh_port Port at which the concentrator forwards to the instance's ssh.
  # TYPE launcher_instance_ssh_port gauge
  launcher_instance_ssh_port{uuid="a-1",address="10.0.0.1"} 33002
  # EOF

  """

private func samples() -> (NodeSample, [InstanceSample]) {
  var node = NodeSample()
  node.memoryTotalMB = 1024
  node.load = 3
  var first = InstanceSample(instance: Identifier("a-1")!, state: .active)
  (first.memoryUsageMB, first.diskUsageMB, first.cpuUsage) = (2, 0, 99)
  (first.sshIP, first.sshPort) = ("10.0.0.1", 33_002)
  var second = InstanceSample(instance: Identifier("a-2")!, state: .exited)
  second.diskUsageMB = 7
  return (node, [first, second])
}

@Test func metricsAreTheFiguresOfASampleAndWhatIsNotKnownIsLeftOut() {
  let (node, instances) = samples()
  #expect(MetricsFile.text(node, instances, at: 1_700_000_000) == expected)
}

@Test func theMetricsFileIsReplacedAsAWhole() throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "launcher-metrics-\(UUID())")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let file = try MetricsFile(in: folder.path)
  let (node, instances) = samples()
  file.write(node, [], at: 1)
  let handle = try FileHandle(forReadingFrom: folder.appending(path: MetricsFile.name))
  file.write(node, instances, at: 1_700_000_000)
  // Whoever had opened the old one goes on reading that.
  #expect(!String(decoding: handle.readDataToEndOfFile(), as: UTF8.self).contains("a-1"))
  #expect(try String(contentsOf: folder.appending(path: MetricsFile.name), encoding: .utf8) == expected)
  #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [MetricsFile.name])
}

/// Prometheus's own checker, from Debian's package.
@Test func promtoolAcceptsTheMetrics() throws {
  let (node, instances) = samples()
  var all = node
  (all.memoryAvailableMB, all.diskTotalMB, all.diskAvailableMB, all.cpusOnline) = (1, 2, 3, 4)
  for text in [MetricsFile.text(all, instances, at: 1), MetricsFile.text(NodeSample(), [], at: 1)] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "scripts/promtool")
    process.arguments = [script.path, "check", "metrics"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    try process.run()
    input.fileHandleForWriting.write(Data(text.utf8))
    try input.fileHandleForWriting.close()
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(said)")
    #expect(said == "")
  }
}
