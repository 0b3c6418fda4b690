import Instances
import Linux

/// What launcher-stats knows of an instance, from launcher-vmm.
public struct InstanceRecord: Equatable, Sendable {
  public var instance: Identifier
  public var kind: InstanceKind
  public var state: InstanceState
  public var vcpus: Int
  /// 10^6 bytes, where it is known otherwise than by a file.
  public var diskMB: Int?
  /// MiB, of an instance that nothing can be measured of.
  public var memoryMB: Int?
  /// The same, 0 to 100.
  public var cpuUsage: Int?
  /// Where the guest's ssh is reached; nil where there is no such way.
  public var sshIP: IPv4Address?
  public var sshPort: UInt16
  /// Attached to it.
  public var volumes: [Identifier]

  public init(
    instance: Identifier, kind: InstanceKind = .qemu, state: InstanceState, vcpus: Int, diskMB: Int? = nil,
    sshIP: IPv4Address?, sshPort: UInt16, volumes: [Identifier] = []
  ) {
    self.instance = instance
    self.kind = kind
    self.state = state
    self.vcpus = vcpus
    self.diskMB = diskMB
    self.sshIP = sshIP
    self.sshPort = sshPort
    self.volumes = volumes
  }
}

/// What launcher-stats reads an instance's figures from: open files of launcher-vmm's, which it has no right to open.
public struct InstanceFiles {
  /// /proc/PID/smaps_rollup of its machine, or memory.stat of its container; nil while none runs, or when it could not
  /// be opened.
  public var memory: Descriptor?
  /// /proc/PID/stat of its machine; cpu.stat or cpuacct.usage of its container.
  public var time: Descriptor?
  /// Its disk, as a name without any right to the contents (O_PATH).
  public var disk: Descriptor?

  public init(memory: Descriptor? = nil, time: Descriptor? = nil, disk: Descriptor? = nil) {
    self.memory = memory
    self.time = time
    self.disk = disk
  }
}

/// What launcher-vmm may tell launcher-stats.
public enum VMMToStats: Message {
  /// The instance as it is now with its files, in place of what was known of it and of the files that came before.
  case instance(InstanceRecord, InstanceFiles)
  case removed(Identifier)
  /// All instances that there are have been told since the channel was opened.
  case complete
  /// The end of a new channel to launcher-net; an older one is void.
  case netChannel(Descriptor)

  public var descriptors: [Descriptor] {
    switch self {
    case .instance(_, let files): [files.memory, files.time, files.disk].compactMap { $0 }
    case .netChannel(let end): [end]
    case .removed, .complete: []
    }
  }

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .instance(let record, let files):
      writer.integer(UInt8(1))
      writer.identifier(record.instance)
      writer.integer(record.kind.rawValue)
      writer.integer(record.state.rawValue)
      writer.integer(UInt32(record.vcpus))
      for figure in [record.diskMB, record.memoryMB, record.cpuUsage] {
        writer.optional(figure) { $0.integer(Int64($1)) }
      }
      writer.optional(record.sshIP) { $0.address($1) }
      writer.integer(record.sshPort)
      writer.list(record.volumes) { $0.identifier($1) }
      for file in [files.memory, files.time, files.disk] { writer.bool(file != nil) }
    case .removed(let instance):
      writer.integer(UInt8(2))
      writer.identifier(instance)
    case .complete: writer.integer(UInt8(3))
    case .netChannel: writer.integer(UInt8(4))
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1:
      let instance = try reader.identifier()
      let kind = try reader.choice(InstanceKind.self)
      let state = try reader.choice(InstanceState.self)
      let vcpus = Int(try reader.integer(UInt32.self))
      guard Resources.vcpusAllowed.contains(vcpus) else { throw WireError("\(vcpus) vcpus") }
      let disk = try reader.optional { (r) throws(WireError) in try r.figure() }
      let memory = try reader.optional { (r) throws(WireError) in try r.figure() }
      let cpu = try reader.optional { (r) throws(WireError) in try r.figure() }
      var record = InstanceRecord(
        instance: instance, kind: kind, state: state, vcpus: vcpus, diskMB: disk,
        sshIP: try reader.optional { (r) throws(WireError) in try r.address() }, sshPort: try reader.integer(),
        volumes: try reader.volumes())
      (record.memoryMB, record.cpuUsage) = (memory, cpu)
      var files = InstanceFiles()
      files.memory = try reader.bool() ? try descriptors.next() : nil
      files.time = try reader.bool() ? try descriptors.next() : nil
      files.disk = try reader.bool() ? try descriptors.next() : nil
      self = .instance(record, files)
    case 2: self = .removed(try reader.identifier())
    case 3: self = .complete
    case 4: self = .netChannel(try descriptors.next())
    case let kind: throw WireError("message kind \(kind)")
    }
  }
}

/// launcher-stats has nothing to say to launcher-vmm: whatever it sends closes the channel.
public enum StatsToVMM: Message {
  public func encode(into writer: inout WireWriter) {}

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    throw WireError("launcher-stats may not say anything here")
  }
}

/// What launcher-net may ask of launcher-stats.
public enum NetToStats: Message {
  /// The figures of this moment, with those of each instance where `withInstances`.
  case sample(request: UInt64, withInstances: Bool)

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .sample(let request, let withInstances):
      writer.integer(UInt8(1))
      writer.integer(request)
      writer.bool(withInstances)
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1: self = .sample(request: try reader.integer(), withInstances: try reader.bool())
    case let kind: throw WireError("message kind \(kind)")
    }
  }
}

/// What launcher-stats may tell launcher-net: one `node`, then `instances` until the last.
public enum StatsToNet: Message {
  case node(request: UInt64, NodeSample)
  case instances(request: UInt64, [InstanceSample], isLast: Bool)

  /// Items of one message: each has at most 800 bytes, of which its volumes have 600, so that they stay within a datagram.
  public static let maximumInstances = 64
  static let maximumNetworks = 64
  /// Bytes: HOST_NAME_MAX is 64, a textual IPv6 address with a scope fits as well.
  static let maximumText = 64

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .node(let request, let sample):
      writer.integer(UInt8(1))
      writer.integer(request)
      for figure in [
        sample.memoryTotalMB, sample.memoryAvailableMB, sample.diskTotalMB, sample.diskAvailableMB, sample.load,
        sample.cpusOnline,
      ] { writer.integer(Int64(figure)) }
      // A host name may be any bytes, which grow when they are no UTF-8: the reader's bound must hold.
      writer.string(sample.hostName.utf8.count <= Self.maximumText ? sample.hostName : "")
      writer.list(sample.networks) {
        $0.string($1.ip)
        $0.string($1.mac)
      }
    case .instances(let request, let samples, let isLast):
      writer.integer(UInt8(2))
      writer.integer(request)
      writer.bool(isLast)
      writer.list(samples) { writer, sample in
        writer.identifier(sample.instance)
        writer.integer(sample.state.rawValue)
        writer.string(sample.sshIP)
        writer.integer(UInt16(clamping: sample.sshPort))
        for figure in [sample.memoryUsageMB, sample.diskUsageMB, sample.cpuUsage] { writer.integer(Int64(figure)) }
        writer.list(sample.volumes) { $0.identifier($1) }
      }
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1:
      let request = try reader.integer(UInt64.self)
      var sample = NodeSample()
      sample.memoryTotalMB = try reader.figure()
      sample.memoryAvailableMB = try reader.figure()
      sample.diskTotalMB = try reader.figure()
      sample.diskAvailableMB = try reader.figure()
      sample.load = try reader.figure()
      sample.cpusOnline = try reader.figure()
      sample.hostName = try reader.string(limit: Self.maximumText)
      sample.networks = try reader.list(limit: Self.maximumNetworks) { (r) throws(WireError) in
        NodeSample.Network(ip: try r.string(limit: Self.maximumText), mac: try r.string(limit: Self.maximumText))
      }
      self = .node(request: request, sample)
    case 2:
      let request = try reader.integer(UInt64.self)
      let isLast = try reader.bool()
      let samples = try reader.list(limit: Self.maximumInstances) { (r) throws(WireError) in
        var sample = InstanceSample(instance: try r.identifier(), state: try r.choice())
        sample.sshIP = try r.string(limit: Self.maximumText)
        sample.sshPort = Int(try r.integer(UInt16.self))
        sample.memoryUsageMB = try r.figure()
        sample.diskUsageMB = try r.figure()
        sample.cpuUsage = try r.figure()
        sample.volumes = try r.volumes()
        return sample
      }
      self = .instances(request: request, samples, isLast: isLast)
    case let kind: throw WireError("message kind \(kind)")
    }
  }
}

extension WireReader {
  fileprivate mutating func volumes() throws(WireError) -> [Identifier] {
    try list(limit: VolumeList.maximum) { (r) throws(WireError) in try r.identifier() }
  }

  /// A figure of a sample: -1 or more.
  mutating func figure() throws(WireError) -> Int {
    let value = try integer(Int64.self)
    guard value >= -1 else { throw WireError("figure \(value)") }
    return Int(value)
  }
}
