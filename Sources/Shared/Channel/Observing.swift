import Instances
import Linux

/// What the manager may ask of the observer: the open files that say what memory and CPU time somebody uses.
public struct ObserveRequest: Message {
  public enum Target: Equatable, Sendable {
    /// A process of this user.
    case process(Int32)
    /// The control groups of a container.
    case container(ContainerID)
  }

  public let job: UInt64
  public let target: Target

  public init(job: UInt64, _ target: Target) {
    self.job = job
    self.target = target
  }

  public func encode(into writer: inout WireWriter) {
    writer.integer(job)
    switch target {
    case .process(let pid):
      writer.integer(UInt8(1))
      writer.integer(pid)
    case .container(let id):
      writer.integer(UInt8(2))
      writer.string(id.text)
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    job = try reader.integer()
    switch try reader.integer(UInt8.self) {
    case 1:
      let pid = try reader.integer(Int32.self)
      guard pid > 1 else { throw WireError("process \(pid)") }
      target = .process(pid)
    case 2:
      target = .container(try reader.parsed(limit: ContainerID.length, "container id") { ContainerID($0) })
    case let kind: throw WireError("target \(kind)")
    }
  }
}

/// What the observer answers.
public enum ObserveAnswer: Message {
  /// /proc/PID/smaps_rollup and /proc/PID/stat; of a container memory.stat, and cpu.stat or cpuacct.usage.
  case figures(job: UInt64, memory: Descriptor, time: Descriptor)
  case failed(job: UInt64, reason: String)

  private static let maximumReason = 512

  public var descriptors: [Descriptor] {
    switch self {
    case .figures(_, let memory, let time): [memory, time]
    case .failed: []
    }
  }

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .figures(let job, _, _):
      writer.integer(UInt8(1))
      writer.integer(job)
    case .failed(let job, let reason):
      writer.integer(UInt8(2))
      writer.integer(job)
      writer.string(reason)
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1:
      self = .figures(job: try reader.integer(), memory: try descriptors.next(), time: try descriptors.next())
    case 2: self = .failed(job: try reader.integer(), reason: try reader.string(limit: Self.maximumReason))
    case let kind: throw WireError("message kind \(kind)")
    }
  }
}
