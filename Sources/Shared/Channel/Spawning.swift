import Instances
import Linux

/// The programs that the spawner can start: each by its number, never by a path.
public enum Program: UInt8, Sendable, CaseIterable {
  case qemu = 1
  case qemuImg = 2
  case xorriso = 3

  public var name: String {
    switch self {
    case .qemu: "qemu-system-x86_64"
    case .qemuImg: "qemu-img"
    case .xorriso: "xorriso"
    }
  }
}

/// What a child that starts programs can be asked for.
public protocol SpawnableTask: Sendable {
  /// The descriptors that come with it, to be the program's 0, 1, 2 and so on.
  var descriptorCount: Int { get }
  /// The program's name, for people.
  var programName: String { get }

  func encode(into writer: inout WireWriter)
  init(from reader: inout WireReader) throws(WireError)
}

/// What a program is started for. It says all that the spawner needs to know to build the command line and the jail:
/// the manager names instances and images, never a path, a program or an argument.
public enum SpawnTask: SpawnableTask {
  /// A machine: QEMU, on an instance that is in place. Descriptors: standard input, output and error, the listening
  /// sockets of its monitor and of its console, its end of its network, and its volumes.
  /// `tapMTU` are the bytes of a packet there; nil: it has user-mode networking, and that descriptor is missing.
  /// `volumes` says how each of the instance's is read. The stack is nil where it has no image.
  case machine(InstanceSpec, ImageStack?, tapMTU: UInt16? = nil, volumes: [VolumeSource] = [])
  /// qemu-img makes the disk of `size` bytes of an instance in staging, over an image. Descriptors: standard input,
  /// output and error.
  case overlay(Identifier, ImageName, ImageStack, size: UInt64)
  /// xorriso makes the config drive of an instance in staging. Descriptors: the same.
  case configDrive(Identifier)
  /// xorriso makes the drive that names the scheduler. Descriptors: the same.
  case schedulerDrive(Identifier)
  /// qemu-img makes a volume of an instance in staging. Descriptors: the same.
  case ephemeralVolume(Identifier, Identifier, gibibytes: Int)

  /// Bytes: 2^63 - 1 is more than any file can have.
  static let maximumSize = UInt64(Int64.max)

  public var program: Program {
    switch self {
    case .machine: .qemu
    case .overlay, .ephemeralVolume: .qemuImg
    case .configDrive, .schedulerDrive: .xorriso
    }
  }

  /// The machine is a tenant's network node on this node's network, whose guest is told the scheduler.
  public var hasSchedulerDrive: Bool {
    if case .machine(let spec, _, _?, _) = self { spec.resources.isNetworkNode } else { false }
  }

  public var programName: String { program.name }

  public var descriptorCount: Int {
    switch self {
    case .machine(_, _, let tapMTU, let volumes): (tapMTU == nil ? 5 : 6) + volumes.count(where: \.hasDescriptor)
    case .overlay, .configDrive, .schedulerDrive, .ephemeralVolume: 3
    }
  }

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .machine(let spec, let stack, let tapMTU, let volumes):
      writer.integer(UInt8(1))
      writer.spec(spec)
      writer.optional(stack) { $0.stack($1) }
      writer.optional(tapMTU) { $0.integer($1) }
      for volume in volumes { writer.volumeSource(volume) }
    case .overlay(let instance, let image, let stack, let size):
      writer.integer(UInt8(2))
      writer.identifier(instance)
      writer.string(image.text)
      writer.stack(stack)
      writer.integer(size)
    case .configDrive(let instance):
      writer.integer(UInt8(3))
      writer.identifier(instance)
    case .schedulerDrive(let instance):
      writer.integer(UInt8(4))
      writer.identifier(instance)
    case .ephemeralVolume(let instance, let volume, let gibibytes):
      writer.integer(UInt8(5))
      writer.identifier(instance)
      writer.identifier(volume)
      writer.integer(UInt32(gibibytes))
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1:
      let spec = try reader.spec()
      let stack = try reader.optional { (r) throws(WireError) in try r.stack() }
      guard spec.kind == .qemu, (spec.image == nil) == (stack == nil) else {
        throw WireError("a machine without what it is laid over")
      }
      let tapMTU = try reader.optional { (r) throws(WireError) in try r.integer(UInt16.self) }
      var volumes: [VolumeSource] = []
      for _ in spec.volumes.all { volumes.append(try reader.volumeSource()) }
      self = .machine(spec, stack, tapMTU: tapMTU, volumes: volumes)
    case 2:
      let instance = try reader.identifier()
      let image = try reader.imageName()
      let stack = try reader.stack()
      let size = try reader.integer(UInt64.self)
      guard size <= Self.maximumSize else { throw WireError("a disk of \(size) bytes") }
      self = .overlay(instance, image, stack, size: size)
    case 3: self = .configDrive(try reader.identifier())
    case 4: self = .schedulerDrive(try reader.identifier())
    case 5:
      let (instance, volume) = (try reader.identifier(), try reader.identifier())
      let size = Int(try reader.integer(UInt32.self))
      guard Volume.sizeAllowed.contains(size) else { throw WireError("a volume of \(size) GiB") }
      self = .ephemeralVolume(instance, volume, gibibytes: size)
    case let kind: throw WireError("task kind \(kind)")
    }
  }
}

/// What the manager may ask of the spawner.
public typealias ManagerToSpawner = SpawnMessage<SpawnTask>

/// What the manager may ask of the child that runs the container tool.
public typealias ManagerToContainers = SpawnMessage<ContainerTask>

public enum SpawnMessage<Task: SpawnableTask>: Message {
  /// Start a program; the descriptors become the child's 0, 1, 2, 3 and so on.
  case spawn(job: UInt64, Task, [Descriptor])

  public var descriptors: [Descriptor] {
    switch self {
    case .spawn(_, _, let descriptors): descriptors
    }
  }

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .spawn(let job, let task, _):
      writer.integer(UInt8(1))
      writer.integer(job)
      task.encode(into: &writer)
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1:
      let job = try reader.integer(UInt64.self)
      let task = try Task(from: &reader)
      var taken: [Descriptor] = []
      for _ in 0..<task.descriptorCount { taken.append(try descriptors.next()) }
      self = .spawn(job: job, task, taken)
    case let kind: throw WireError("message kind \(kind)")
    }
  }
}

/// How a child ended.
public enum ChildEnd: Equatable, Sendable, CustomStringConvertible {
  case exited(Int32)
  case killed(signal: Int32)

  public var description: String {
    switch self {
    case .exited(let status): "ended with status \(status)"
    case .killed(let signal): "was ended by signal \(signal)"
    }
  }
}

/// What the spawner may tell the manager.
public enum SpawnerToManager: Message {
  case started(job: UInt64, pid: Int32, pidfd: Descriptor)
  /// The program did not start; `reason` says at which step and why.
  case failed(job: UInt64, reason: String)
  case ended(job: UInt64, ChildEnd)

  private static let maximumReason = 512

  public var descriptors: [Descriptor] {
    if case .started(_, _, let pidfd) = self { [pidfd] } else { [] }
  }

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .started(let job, let pid, _):
      writer.integer(UInt8(1))
      writer.integer(job)
      writer.integer(pid)
    case .failed(let job, let reason):
      writer.integer(UInt8(2))
      writer.integer(job)
      writer.string(reason)
    case .ended(let job, .exited(let status)):
      writer.integer(UInt8(3))
      writer.integer(job)
      writer.integer(status)
    case .ended(let job, .killed(let signal)):
      writer.integer(UInt8(4))
      writer.integer(job)
      writer.integer(signal)
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1:
      self = .started(job: try reader.integer(), pid: try reader.integer(), pidfd: try descriptors.next())
    case 2: self = .failed(job: try reader.integer(), reason: try reader.string(limit: Self.maximumReason))
    case 3: self = .ended(job: try reader.integer(), .exited(try reader.integer()))
    case 4: self = .ended(job: try reader.integer(), .killed(signal: try reader.integer()))
    case let kind: throw WireError("message kind \(kind)")
    }
  }
}
