import Instances

/// The payload of the statuses READY, FULL and MAINTENANCE.
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
      writer.list("volumes", of: sample.volumes.map(\.text))
    }
  }
}

/// The payload of the errors StartFailure, StopFailure, RestartFailure and DeleteFailure; `instance` is nil when the
/// command named none. `isRestart`: of a START that says `restart: true`; the failure then says so too.
public func failurePayload(instance: Identifier?, reason: FailureReason, isRestart: Bool = false) -> [UInt8] {
  YAMLWriter.document { writer in
    writer.pair("instance_uuid", instance?.text ?? "")
    writer.pair("reason", reason.name)
    if isRestart { writer.pair("restart", true) }
  }
}

/// The payload of the errors AttachVolumeFailure and DetachVolumeFailure; `instance` and `volume` are nil when the
/// command named none. Of the two, AttachVolumeFailure names the node as well.
public func volumeFailurePayload(
  _ command: InstanceCommand, instance: Identifier?, volume: Identifier?, reason: FailureReason, nodeUUID: String
) -> [UInt8] {
  YAMLWriter.document { writer in
    if command == .attachVolume { writer.pair("node_uuid", nodeUUID) }
    writer.pair("instance_uuid", instance?.text ?? "")
    writer.pair("volume_uuid", volume?.text ?? "")
    writer.pair("reason", reason.name)
  }
}

/// The payload of the event InstanceDeleted.
public func instanceDeletedPayload(_ instance: Identifier) -> [UInt8] {
  YAMLWriter.document { writer in
    writer.mapping("instance_deleted") { writer.pair("instance_uuid", instance.text) }
  }
}

/// The payload of the event InstanceStopped.
public func instanceStoppedPayload(_ instance: Identifier) -> [UInt8] {
  YAMLWriter.document { writer in
    writer.mapping("instance_stopped") { writer.pair("instance_uuid", instance.text) }
  }
}

/// What became of a subnet of a tenant's on a node.
public enum TenantChange: Sendable {
  /// Its first instance came.
  case added
  /// Its last instance went.
  case removed
}

/// The payload of the events TenantAdded and TenantRemoved.
public func tenantPayload(
  _ change: TenantChange, _ subnet: TenantSubnet, nodeUUID: String, nodeAddress: IPv4Address?
) -> [UInt8] {
  YAMLWriter.document { writer in
    writer.mapping(change == .added ? "tenant_added" : "tenant_removed") {
      writer.pair("agent_uuid", nodeUUID)
      writer.pair("agent_ip", nodeAddress?.description ?? "")
      writer.pair("tenant_uuid", subnet.tenant.text)
      writer.pair("tenant_subnet", subnet.subnet.description)
      writer.pair("concentrator_uuid", subnet.concentrator.text)
      writer.pair("concentrator_ip", subnet.concentratorIP.description)
      // A number for readers that want one, unless START gave something else.
      if let number = Int(subnet.key), String(number) == subnet.key {
        writer.pair("subnet_key", number)
      } else {
        writer.pair("subnet_key", subnet.key)
      }
    }
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
