import Linux

/// What the manager may ask of the observer: the open files that say what memory and CPU time a process uses.
public struct ObserveRequest: Message {
  public let job: UInt64
  public let pid: Int32

  public init(job: UInt64, pid: Int32) {
    self.job = job
    self.pid = pid
  }

  public func encode(into writer: inout WireWriter) {
    writer.integer(job)
    writer.integer(pid)
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    job = try reader.integer()
    pid = try reader.integer()
    guard pid > 1 else { throw WireError("process \(pid)") }
  }
}

/// What the observer answers.
public enum ObserveAnswer: Message {
  /// /proc/PID/smaps_rollup and /proc/PID/stat
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
