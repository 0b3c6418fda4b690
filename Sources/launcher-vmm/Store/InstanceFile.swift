import Instances
import JSON
import Linux

/// The file `state` of an instance: everything RESTART needs, whatever became of the command that made it.
struct InstanceFile: Equatable {
  /// What was last seen running.
  enum Run: Equatable {
    case process(Process)
    case container(ContainerID)
    /// Nothing: it was made up.
    case simulated

    struct Process: Equatable {
      var pid: Int32
      /// Clock ticks since boot, field 22 of /proc/PID/stat: with the boot's id it tells a process from a later one
      /// of the same number.
      var startTime: UInt64
      var bootID: String
    }
  }

  static let name = "state"
  static let version: Int64 = 1
  static let limits = JSONLimits(bytes: 65_536, depth: 8, nodes: 1000)

  var spec: InstanceSpec
  /// nil for a container.
  var image: BackingImage?
  /// The number of the START that made it.
  var request: UInt64
  var run: Run?

  enum Unreadable: Error, CustomStringConvertible {
    case malformed(String)
    case version(Int64)

    var description: String {
      switch self {
      case .malformed(let what): "state: \(what)"
      case .version(let version): "state: version \(version), this launcher knows version \(InstanceFile.version)"
      }
    }
  }

  init(spec: InstanceSpec, image: BackingImage?, request: UInt64) {
    self.spec = spec
    self.image = image
    self.request = request
  }

  var bytes: [UInt8] {
    var top: JSONObject = JSONObject()
    top["version"] = .int(Self.version)
    top["request"] = .string(String(request))
    top["spec"] = SpecJSON.write(spec)
    top["image"] = image?.json
    top["run"] = run?.json
    return JSONValue.object(top).prettySerialized()
  }

  init(bytes: [UInt8]) throws {
    let json: JSONValue
    do {
      json = try JSONValue(parsing: bytes, limits: Self.limits)
    } catch {
      throw Unreadable.malformed("\(error)")
    }
    guard let version = json["version"]?.int else { throw Unreadable.malformed("no version") }
    guard version == Self.version else { throw Unreadable.version(version) }
    guard let spec = json["spec"].flatMap(SpecJSON.read) else { throw Unreadable.malformed("spec") }
    let image = json["image"].flatMap(BackingImage.init(json:))
    guard (image != nil) == (spec.image != nil) else { throw Unreadable.malformed("image") }
    guard let request = json["request"]?.string.flatMap({ UInt64($0) }) else { throw Unreadable.malformed("request") }
    self.init(spec: spec, image: image, request: request)
    if let run = json["run"] {
      guard let run = Run(json: run) else { throw Unreadable.malformed("run") }
      self.run = run
    }
  }
}

extension InstanceFile.Run {
  init?(json: JSONValue) {
    if json["simulated"]?.bool == true {
      self = .simulated
      return
    }
    if let container = json["container"] {
      guard let id = container.string.flatMap({ ContainerID($0) }) else { return nil }
      self = .container(id)
      return
    }
    guard let pid = json["pid"]?.int.flatMap({ Int32(exactly: $0) }), pid > 1,
      let startTime = json["start_time"]?.string.flatMap({ UInt64($0) }), let bootID = json["boot_id"]?.string
    else { return nil }
    self = .process(Process(pid: pid, startTime: startTime, bootID: bootID))
  }

  var json: JSONValue {
    switch self {
    case .process(let run):
      ["pid": .int(Int64(run.pid)), "start_time": .string(String(run.startTime)), "boot_id": .string(run.bootID)]
    case .container(let id): ["container": .string(id.text)]
    case .simulated: ["simulated": .bool(true)]
    }
  }
}

/// An instance's specification as JSON, under the names of the START payload.
enum SpecJSON {
  static func write(_ spec: InstanceSpec) -> JSONValue {
    var json = JSONObject()
    json["instance_uuid"] = .string(spec.instance.text)
    json["tenant_uuid"] = .string(spec.tenant.text)
    json["vm_type"] = .string(spec.kind.name)
    json["image_uuid"] = spec.image.map { .string($0.text) }
    json["docker_image"] = spec.container.map { .string($0.image.text) }
    json["hostname"] = spec.container?.hostName.map { .string($0.text) }
    json["command"] = spec.container?.command.map { .array($0.words.map { .string($0) }) }
    json["fw_type"] = .string(spec.firmware.name)
    json["vcpus"] = .int(Int64(spec.resources.vcpus))
    json["mem_mb"] = .int(Int64(spec.resources.memoryMB))
    json["disk_mb"] = spec.resources.diskMB.map { .int(Int64($0)) }
    json["network_node"] = .bool(spec.resources.isNetworkNode)
    var network = JSONObject()
    let source = spec.network
    let texts: [(String, String?)] = [
      ("vnic_mac", source.mac?.description), ("vnic_uuid", source.vnic?.text),
      ("concentrator_uuid", source.concentrator?.text), ("concentrator_ip", source.concentratorIP?.description),
      ("subnet", source.subnet?.description), ("subnet_key", source.subnetKey), ("subnet_uuid", source.subnetID?.text),
      ("private_ip", source.privateIP?.description), ("public_ip", source.publicIP?.description),
    ]
    for (key, text) in texts { network[key] = text.map { .string($0) } }
    json["networking"] = .object(network)
    if !spec.volumes.isEmpty { json["storage"] = .array(spec.volumes.all.map(write)) }
    return .object(json)
  }

  private static func write(_ volume: Volume) -> JSONValue {
    var json = JSONObject()
    json["id"] = .string(volume.id.text)
    json["slot"] = .int(Int64(volume.slot))
    json["boot"] = .bool(volume.boots)
    json["ephemeral_size"] = volume.ephemeralSize.map { .int(Int64($0)) }
    return .object(json)
  }

  /// Absent where there are none, as in files of a launcher that knew none.
  private static func volumes(_ json: JSONValue) throws(Malformed) -> VolumeList {
    guard let storage = json["storage"] else { return VolumeList() }
    guard let items = storage.array else { throw Malformed() }
    var volumes: [Volume] = []
    for item in items {
      guard let id = item["id"]?.string.flatMap({ Identifier($0) }), let slot = item["slot"]?.int,
        let boots = item["boot"]?.bool
      else { throw Malformed() }
      var size: Int?
      if let json = item["ephemeral_size"] {
        guard let number = json.int else { throw Malformed() }
        size = Int(number)
      }
      volumes.append(Volume(id, slot: Int(slot), boots: boots, ephemeralSize: size))
    }
    guard let list = VolumeList(volumes) else { throw Malformed() }
    return list
  }

  /// nil when a field is missing, malformed or out of bounds.
  static func read(_ json: JSONValue) -> InstanceSpec? {
    guard let instance = json["instance_uuid"]?.string.flatMap({ Identifier($0) }),
      let tenant = json["tenant_uuid"]?.string.flatMap({ Identifier($0) }),
      let kind = json["vm_type"]?.string.flatMap(InstanceKind.init),
      let firmware = json["fw_type"]?.string.flatMap(Firmware.init), let vcpus = json["vcpus"]?.int,
      let memory = json["mem_mb"]?.int, let isNetworkNode = json["network_node"]?.bool,
      let networking = json["networking"], networking.object != nil
    else { return nil }
    var spec = InstanceSpec(instance: instance, tenant: tenant, kind: kind, firmware: firmware)
    spec.image = json["image_uuid"]?.string.flatMap { ImageName($0) }
    spec.resources.vcpus = Int(vcpus)
    spec.resources.memoryMB = Int(memory)
    spec.resources.diskMB = json["disk_mb"]?.int.map { Int($0) }
    spec.resources.isNetworkNode = isNetworkNode
    guard spec.resources.isSane else { return nil }
    do {
      spec.volumes = try volumes(json)
      if kind == .docker { spec.container = try container(json) }
      spec.network.mac = try field(networking, "vnic_mac") { MACAddress($0) }
      spec.network.vnic = try field(networking, "vnic_uuid") { Identifier($0) }
      spec.network.concentrator = try field(networking, "concentrator_uuid") { Identifier($0) }
      spec.network.concentratorIP = try field(networking, "concentrator_ip") { IPv4Address($0) }
      spec.network.subnet = try field(networking, "subnet") { IPv4Subnet($0) }
      spec.network.subnetKey = try field(networking, "subnet_key") { $0 }
      spec.network.subnetID = try field(networking, "subnet_uuid") { Identifier($0) }
      spec.network.privateIP = try field(networking, "private_ip") { IPv4Address($0) }
      spec.network.publicIP = try field(networking, "public_ip") { IPv4Address($0) }
    } catch {
      return nil
    }
    return spec.isComplete ? spec : nil
  }

  private static func container(_ json: JSONValue) throws(Malformed) -> ContainerSpec {
    guard let image = try field(json, "docker_image", { ImageReference($0) }) else { throw Malformed() }
    var container = ContainerSpec(image: image, hostName: try field(json, "hostname") { HostName($0) })
    if let command = json["command"] {
      guard let words = command.array?.map(\.string), !words.contains(nil),
        let command = ContainerCommand(words.compactMap { $0 })
      else { throw Malformed() }
      container.command = command
    }
    return container
  }

  private struct Malformed: Error {}

  /// nil when absent; throws when there but malformed.
  private static func field<T>(_ json: JSONValue, _ key: String, _ parse: (String) -> T?) throws(Malformed) -> T? {
    guard let value = json[key] else { return nil }
    guard let text = value.string, let parsed = parse(text) else { throw Malformed() }
    return parsed
  }
}
