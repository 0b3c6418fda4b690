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

/// What the manager may ask of the spawner.
public enum ManagerToSpawner: Message {
  /// Start `program` with `arguments` behind its name; the descriptors become the child's 0, 1, 2, 3 and so on.
  case spawn(job: UInt64, Program, arguments: [String], Descriptors)
  /// Open the files that say what memory and CPU time the process uses.
  case figures(job: UInt64, pid: Int32)

  public typealias Descriptors = [Descriptor]
  public static let maximumArguments = 128
  /// Bytes of one argument.
  public static let maximumArgument = 8192
  /// The descriptors of a child: standard input, output and error, then at most this many less three.
  public static let descriptorsAllowed = 3...8

  public var descriptors: [Descriptor] {
    switch self {
    case .spawn(_, _, _, let descriptors): descriptors
    case .figures: []
    }
  }

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .spawn(let job, let program, let arguments, let descriptors):
      writer.integer(UInt8(1))
      writer.integer(job)
      writer.integer(program.rawValue)
      writer.list(arguments) { $0.string($1) }
      writer.integer(UInt8(descriptors.count))
    case .figures(let job, let pid):
      writer.integer(UInt8(2))
      writer.integer(job)
      writer.integer(pid)
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1:
      let job = try reader.integer(UInt64.self)
      let program = try reader.choice(Program.self)
      let arguments = try reader.list(limit: Self.maximumArguments) { (r) throws(WireError) in
        try r.string(limit: Self.maximumArgument)
      }
      guard !arguments.contains(where: { $0.utf8.contains(0) }) else { throw WireError("an argument with a zero byte") }
      let count = Int(try reader.integer(UInt8.self))
      guard Self.descriptorsAllowed.contains(count) else { throw WireError("\(count) descriptors for a child") }
      var taken: [Descriptor] = []
      for _ in 0..<count { taken.append(try descriptors.next()) }
      self = .spawn(job: job, program, arguments: arguments, taken)
    case 2:
      let job = try reader.integer(UInt64.self)
      let pid = try reader.integer(Int32.self)
      guard pid > 1 else { throw WireError("process \(pid)") }
      self = .figures(job: job, pid: pid)
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
  /// The open files /proc/PID/smaps_rollup and /proc/PID/stat.
  case figures(job: UInt64, memory: Descriptor, time: Descriptor)

  private static let maximumReason = 512

  public var descriptors: [Descriptor] {
    switch self {
    case .started(_, _, let pidfd): [pidfd]
    case .figures(_, let memory, let time): [memory, time]
    case .failed, .ended: []
    }
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
    case .figures(let job, _, _):
      writer.integer(UInt8(5))
      writer.integer(job)
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1:
      self = .started(job: try reader.integer(), pid: try reader.integer(), pidfd: try descriptors.next())
    case 2: self = .failed(job: try reader.integer(), reason: try reader.string(limit: Self.maximumReason))
    case 3: self = .ended(job: try reader.integer(), .exited(try reader.integer()))
    case 4: self = .ended(job: try reader.integer(), .killed(signal: try reader.integer()))
    case 5:
      self = .figures(job: try reader.integer(), memory: try descriptors.next(), time: try descriptors.next())
    case let kind: throw WireError("message kind \(kind)")
    }
  }
}
