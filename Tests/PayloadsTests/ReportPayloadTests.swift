import Instances
import Payloads
import Testing

@Suite("Reports have the documented keys in their order")
struct ReportPayloadTests {
  private static let node: NodeSample = {
    var node = NodeSample()
    node.memoryTotalMB = 1
    node.memoryAvailableMB = 2
    node.diskTotalMB = 3
    node.diskAvailableMB = 4
    node.load = 5
    node.cpusOnline = 6
    node.hostName = "on"
    return node
  }()

  @Test("READY and FULL")
  func ready() {
    let expected = """
      node_uuid: "1234"
      mem_total_mb: 1
      mem_available_mb: 2
      disk_total_mb: 3
      disk_available_mb: 4
      load: 5
      cpus_online: 6

      """
    #expect(text(readyPayload(nodeUUID: "1234", Self.node)) == expected)
  }

  @Test("STATS of a node without instances has empty lists")
  func emptyStats() {
    let expected = """
      node_uuid: "0a"
      mem_total_mb: -1
      mem_available_mb: -1
      disk_total_mb: -1
      disk_available_mb: -1
      load: -1
      cpus_online: -1
      status: "READY"
      hostname: ""
      networks: []
      instances: []

      """
    #expect(text(statsPayload(nodeUUID: "0a", status: "READY", NodeSample(), [])) == expected)
  }

  @Test("STATS lists networks and instances")
  func stats() throws {
    var node = Self.node
    node.networks = [.init(ip: "10.0.0.1", mac: "02:00:11:22:33:44")]
    var running = InstanceSample(instance: try #require(Identifier("12e4")), state: .active)
    running.sshIP = "10.0.0.2"
    running.sshPort = 33002
    running.memoryUsageMB = 5
    running.diskUsageMB = 6
    running.cpuUsage = 7
    running.volumes = [try #require(Identifier("1234")), try #require(Identifier("0b"))]
    let pending = InstanceSample(instance: try #require(Identifier("1")), state: .pending)
    let bytes = statsPayload(nodeUUID: "0a", status: "FULL", node, [running, pending])
    let expected = """
      status: "FULL"
      hostname: "on"
      networks:
      - ip: "10.0.0.1"
        mac: "02:00:11:22:33:44"
      instances:
      - instance_uuid: "12e4"
        state: "active"
        ssh_ip: "10.0.0.2"
        ssh_port: 33002
        memory_usage_mb: 5
        disk_usage_mb: 6
        cpu_usage: 7
        volumes:
        - "1234"
        - "0b"
      - instance_uuid: "1"
        state: "pending"
        ssh_ip: ""
        ssh_port: 0
        memory_usage_mb: -1
        disk_usage_mb: -1
        cpu_usage: -1
        volumes: []

      """
    #expect(text(bytes)?.hasSuffix(expected) == true)
  }

  @Test("a failure names its instance, or the empty string", arguments: FailureReason.allCases)
  func failure(_ reason: FailureReason) {
    #expect(
      text(failurePayload(instance: Identifier("0-1"), reason: reason))
        == "instance_uuid: \"0-1\"\nreason: \"\(reason.name)\"\n")
    #expect(
      text(failurePayload(instance: nil, reason: reason)) == "instance_uuid: \"\"\nreason: \"\(reason.name)\"\n")
  }

  @Test("a failure of a volume names it as well, and AttachVolumeFailure the node")
  func volumeFailure() {
    let (instance, volume) = (Identifier("0-1"), Identifier("0-2"))
    let common = "instance_uuid: \"0-1\"\nvolume_uuid: \"0-2\"\nreason: "
    #expect(
      text(
        volumeFailurePayload(
          .attachVolume, instance: instance, volume: volume, reason: .alreadyAttached, nodeUUID: "0a"))
        == "node_uuid: \"0a\"\n\(common)\"already_attached\"\n")
    #expect(
      text(
        volumeFailurePayload(.detachVolume, instance: instance, volume: volume, reason: .notAttached, nodeUUID: "0a"))
        == "\(common)\"not_attached\"\n")
    #expect(
      text(volumeFailurePayload(.detachVolume, instance: nil, volume: nil, reason: .invalidPayload, nodeUUID: "0a"))
        == "instance_uuid: \"\"\nvolume_uuid: \"\"\nreason: \"invalid_payload\"\n")
  }

  @Test("InstanceDeleted")
  func deleted() throws {
    #expect(
      text(instanceDeletedPayload(try #require(Identifier("0-1")))) == "instance_deleted:\n  instance_uuid: \"0-1\"\n")
  }

  @Test(
    "any host name comes back as it was, as a string",
    arguments: [
      "null", "~", "on", "1e3", "", " a ", "a: b", "#x", "\"", "\\", "a\nb", "\u{0}\u{7}\u{1b}", "Grüße 🚀", "\u{feff}",
      "\u{2028}",
      String(repeating: "long ", count: 500),
    ])
  func strangeNames(_ name: String) throws {
    var node = NodeSample()
    node.hostName = name
    let read = try YAMLNode(parsing: statsPayload(nodeUUID: name, status: name, node, []))
    for key in ["hostname", "node_uuid", "status"] { #expect(read[key] == .scalar(name, isPlain: false)) }
  }

  @Test("ten thousand instances are written and read again")
  func manyInstances() throws {
    let instances = try (0..<10_000).map {
      InstanceSample(instance: try #require(Identifier("67d86208-b46c-4465-9018-\($0)")), state: .active)
    }
    let read = try YAMLNode(parsing: statsPayload(nodeUUID: "1", status: "READY", Self.node, instances))
    #expect(read["instances"]?.items.count == 10_000)
    #expect(read["instances"]?[9_999]?["instance_uuid"]?.text == "67d86208-b46c-4465-9018-9999")
    #expect(read["instances"]?[9_999]?["cpu_usage"]?.integer == -1)
  }

  @Test("TenantAdded and TenantRemoved", arguments: [("567488", "567488"), ("0x1", "\"0x1\""), ("007", "\"007\"")])
  func tenants(key: String, written: String) throws {
    let subnet = TenantSubnet(
      tenant: try #require(Identifier("12e4")), subnet: try #require(IPv4Subnet("192.168.8.0/21")),
      concentrator: try #require(Identifier("c0")), concentratorIP: try #require(IPv4Address("10.0.0.9")), key: key)
    func expected(_ top: String) -> String {
      """
      \(top):
        agent_uuid: "0a"
        agent_ip: "10.0.0.1"
        tenant_uuid: "12e4"
        tenant_subnet: "192.168.8.0/21"
        concentrator_uuid: "c0"
        concentrator_ip: "10.0.0.9"
        subnet_key: \(written)

      """
    }
    let address = IPv4Address("10.0.0.1")
    #expect(
      text(tenantPayload(.added, subnet, nodeUUID: "0a", nodeAddress: address)) == expected("tenant_added"))
    #expect(
      text(tenantPayload(.removed, subnet, nodeUUID: "0a", nodeAddress: address)) == expected("tenant_removed"))
  }
}
