import Instances

/// The payload of the statuses READY and FULL.
public func readyPayload(nodeUUID: String, _ node: NodeSample) -> [UInt8] {
  YAMLWriter.document { writer in writer.write(nodeUUID, node) }
}

/// The payload of the command STATS. `status` is the name of the node's status, as `READY`.
public func statsPayload(
  nodeUUID: String, status: String, _ node: NodeSample, _ instances: [InstanceSample]
) -> [UInt8] {
  YAMLWriter.document { writer in
    writer.write(nodeUUID, node)
    writer.pair("status", status)
    writer.pair("hostname", node.hostName)
    writer.list("networks", of: node.networks) { network in
      writer.pair("ip", network.ip)
      writer.pair("mac", network.mac)
    }
    writer.list("instances", of: instances) { sample in
      writer.pair("instance_uuid", sample.instance.text)
      writer.pair("state", sample.state.name)
      writer.pair("ssh_ip", sample.sshIP)
      writer.pair("ssh_port", sample.sshPort)
      writer.pair("memory_usage_mb", sample.memoryUsageMB)
      writer.pair("disk_usage_mb", sample.diskUsageMB)
      writer.pair("cpu_usage", sample.cpuUsage)
    }
  }
}

/// The payload of the errors StartFailure, StopFailure, RestartFailure and DeleteFailure; `instance` is nil when the
/// command named none.
public func failurePayload(instance: Identifier?, reason: FailureReason) -> [UInt8] {
  YAMLWriter.document { writer in
    writer.pair("instance_uuid", instance?.text ?? "")
    writer.pair("reason", reason.name)
  }
}

/// The payload of the event InstanceDeleted.
public func instanceDeletedPayload(_ instance: Identifier) -> [UInt8] {
  YAMLWriter.document { writer in
    writer.mapping("instance_deleted") { writer.pair("instance_uuid", instance.text) }
  }
}

extension YAMLWriter {
  fileprivate func write(_ nodeUUID: String, _ node: NodeSample) {
    pair("node_uuid", nodeUUID)
    pair("mem_total_mb", node.memoryTotalMB)
    pair("mem_available_mb", node.memoryAvailableMB)
    pair("disk_total_mb", node.diskTotalMB)
    pair("disk_available_mb", node.diskAvailableMB)
    pair("load", node.load)
    pair("cpus_online", node.cpusOnline)
  }
}
