import JSON
import Payloads
import SSNTP

/// The payload of READY, FULL or STATS. What is missing or of another kind than it should be is nil or -1.
struct NodeReport {
  struct Network {
    let ip: String
    let mac: String
  }

  struct Instance {
    let uuid: String
    let state: String
    let sshIP: String
    /// Values of `usageKeys`.
    let usage: [Int]
    let volumes: [String]

    static let usageKeys = ["ssh_port", "memory_usage_mb", "disk_usage_mb", "cpu_usage"]

    init(_ node: YAMLNode) {
      uuid = node["instance_uuid"]?.text ?? ""
      state = node["state"]?.text ?? ""
      sshIP = node["ssh_ip"]?.text ?? ""
      usage = Self.usageKeys.map { node[$0]?.integer ?? -1 }
      volumes = (node["volumes"]?.items ?? []).compactMap(\.text)
    }

    func item(node: NodeUUID?) -> JSONValue {
      var item = JSONObject()
      item["instance_uuid"] = .string(uuid)
      item["state"] = .string(state)
      if let node { item["node_uuid"] = .string(node.description) }
      item["ssh_ip"] = .string(sshIP)
      for (key, value) in zip(Self.usageKeys, usage) { item[key] = .int(Int64(value)) }
      item["volumes"] = .array(volumes.map { .string($0) })
      return .object(item)
    }
  }

  static let figureKeys = [
    "mem_total_mb", "mem_available_mb", "disk_total_mb", "disk_available_mb", "load", "cpus_online",
  ]

  let status: String?
  let hostName: String?
  /// Values of `figureKeys`.
  let figures: [Int]
  let networks: [Network]
  let instances: [Instance]

  init(parsing payload: [UInt8]) throws(YAMLError) {
    let root = try YAMLNode(parsing: payload, limits: ServerLimits.yaml)
    guard case .mapping = root else { throw .refused("it is no mapping") }
    status = root["status"]?.text
    hostName = root["hostname"]?.text
    figures = Self.figureKeys.map { root[$0]?.integer ?? -1 }
    networks = (root["networks"]?.items ?? []).map {
      Network(ip: $0["ip"]?.text ?? "", mac: $0["mac"]?.text ?? "")
    }
    instances = (root["instances"]?.items ?? []).map { Instance($0) }
  }

  func write(to item: inout JSONObject) {
    item["hostname"] = hostName.map { .string($0) } ?? .null
    for (key, value) in zip(Self.figureKeys, figures) { item[key] = .int(Int64(value)) }
    item["networks"] = .array(networks.map { ["ip": .string($0.ip), "mac": .string($0.mac)] })
    item["instances"] = .array(instances.map { $0.item(node: nil) })
  }
}

extension JSONValue {
  /// A YAML value of an event; scalars without quotes that are decimal numbers become numbers.
  init(_ node: YAMLNode) {
    switch node {
    case .scalar(let text, _):
      self = node.isNull ? .null : node.integer.map { .int(Int64($0)) } ?? .string(text)
    case .sequence(let items): self = .array(items.map { JSONValue($0) })
    case .mapping(let entries):
      var object = JSONObject()
      for entry in entries { object[entry.key] = JSONValue(entry.value) }
      self = .object(object)
    }
  }
}
