import Instances
import Linux

/// What launcher-net may ask of launcher-vmm.
public enum NetToVMM: Message {
  /// Create and start an instance. `metaData` nil: the default is to be made. `scheduler`: who asks for it, on a
  /// network node, whose instances are told. `isRestart`: or start the instance again, if it is there.
  case start(
    Request, InstanceSpec, userData: Descriptor, metaData: Descriptor?, scheduler: SchedulerHost?, isRestart: Bool)
  case stop(Request, Identifier)
  case restart(Request, Identifier)
  case delete(Request, Identifier)
  /// The report of this number has left for the scheduler.
  case acknowledge(UInt64)
  /// The channel to launcher-stats broke: make another.
  case needStatsChannel
  /// Take the instance from this node, in the guest's own time: it will go on elsewhere.
  case withdraw(Request, Identifier)
  /// Take no more instances, and stop those that run.
  case evacuate(Request)
  /// End what EVACUATE began.
  case restore(Request)
  /// What the scheduler's configuration says; replaces what was said before.
  case configure(ConfiguredLimits)
  case attachVolume(Request, Identifier, volume: Identifier)
  case detachVolume(Request, Identifier, volume: Identifier)

  /// Bytes of user-data or meta-data: what fits one SSNTP frame.
  public static let maximumGuestData = 16 * 1_048_576
  /// Requests without an answer that launcher-net keeps at most; what comes then waits in the connection to the
  /// scheduler.
  public static let maximumInFlight = 256

  public var descriptors: [Descriptor] {
    guard case .start(_, _, let userData, let metaData, _, _) = self else { return [] }
    return [userData] + (metaData.map { [$0] } ?? [])
  }

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .start(let request, let spec, _, let metaData, let scheduler, let isRestart):
      writer.integer(UInt8(1))
      request.encode(into: &writer)
      writer.spec(spec)
      writer.bool(metaData != nil)
      writer.optional(scheduler) { $0.string($1.text) }
      writer.bool(isRestart)
    case .stop(let request, let instance): encode(2, request, instance, &writer)
    case .restart(let request, let instance): encode(3, request, instance, &writer)
    case .delete(let request, let instance): encode(4, request, instance, &writer)
    case .acknowledge(let number):
      writer.integer(UInt8(5))
      writer.integer(number)
    case .needStatsChannel: writer.integer(UInt8(6))
    case .withdraw(let request, let instance): encode(7, request, instance, &writer)
    case .evacuate(let request):
      writer.integer(UInt8(8))
      request.encode(into: &writer)
    case .restore(let request):
      writer.integer(UInt8(9))
      request.encode(into: &writer)
    case .configure(let limits):
      writer.integer(UInt8(10))
      limits.encode(into: &writer)
    case .attachVolume(let request, let instance, let volume):
      encode(11, request, instance, &writer)
      writer.identifier(volume)
    case .detachVolume(let request, let instance, let volume):
      encode(12, request, instance, &writer)
      writer.identifier(volume)
    }
  }

  private func encode(_ kind: UInt8, _ request: Request, _ instance: Identifier, _ writer: inout WireWriter) {
    writer.integer(kind)
    request.encode(into: &writer)
    writer.identifier(instance)
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1:
      let request = try Request(from: &reader)
      let spec = try reader.spec()
      let hasMetaData = try reader.bool()
      let scheduler = try reader.optional { (r) throws(WireError) in
        try r.parsed(limit: SchedulerHost.maximumLength, "host") { SchedulerHost($0) }
      }
      let isRestart = try reader.bool()
      let userData = try descriptors.next()
      self = .start(
        request, spec, userData: userData, metaData: hasMetaData ? try descriptors.next() : nil, scheduler: scheduler,
        isRestart: isRestart)
    case 2: self = .stop(try Request(from: &reader), try reader.identifier())
    case 3: self = .restart(try Request(from: &reader), try reader.identifier())
    case 4: self = .delete(try Request(from: &reader), try reader.identifier())
    case 5: self = .acknowledge(try reader.integer())
    case 6: self = .needStatsChannel
    case 7: self = .withdraw(try Request(from: &reader), try reader.identifier())
    case 8: self = .evacuate(try Request(from: &reader))
    case 9: self = .restore(try Request(from: &reader))
    case 10: self = .configure(try ConfiguredLimits(from: &reader))
    case 11: self = .attachVolume(try Request(from: &reader), try reader.identifier(), volume: try reader.identifier())
    case 12: self = .detachVolume(try Request(from: &reader), try reader.identifier(), volume: try reader.identifier())
    case let kind: throw WireError("message kind \(kind)")
    }
  }
}

/// Ties an answer to what it answers.
public struct Request: Hashable, Sendable {
  /// Chosen at random by launcher-net, so that numbers of different runs do not meet.
  public let number: UInt64
  /// Sent before, but launcher-vmm ended without an answer: what is done already is no failure.
  public let isRepeated: Bool

  public init(number: UInt64, isRepeated: Bool) {
    self.number = number
    self.isRepeated = isRepeated
  }

  fileprivate func encode(into writer: inout WireWriter) {
    writer.integer(number)
    writer.bool(isRepeated)
  }

  fileprivate init(from reader: inout WireReader) throws(WireError) {
    number = try reader.integer()
    isRepeated = try reader.bool()
  }
}

/// What the scheduler is to be told. launcher-vmm keeps each until it is acknowledged, so that neither a crash of
/// launcher-net nor a lost connection loses it.
public enum Report: Equatable, Sendable {
  case failure(InstanceCommand, Identifier, FailureReason)
  case deleted(Identifier)
  /// The first instance of a tenant's subnet is there.
  case tenantAdded(TenantSubnet)
  /// The last one is gone.
  case tenantRemoved(TenantSubnet)
  /// It was taken from this node, stopped.
  case stopped(Identifier)
  /// A START that was to start an instance again failed.
  case restartingFailure(Identifier, FailureReason)
  /// Of a command that is about a volume.
  case volumeFailure(InstanceCommand, Identifier, volume: Identifier, FailureReason)
}

extension Report {
  fileprivate func encode(into writer: inout WireWriter) {
    switch self {
    case .failure(let command, let instance, let reason):
      writer.integer(UInt8(1))
      writer.integer(command.rawValue)
      writer.identifier(instance)
      writer.integer(reason.rawValue)
    case .deleted(let instance):
      writer.integer(UInt8(2))
      writer.identifier(instance)
    case .tenantAdded(let subnet):
      writer.integer(UInt8(3))
      writer.tenantSubnet(subnet)
    case .tenantRemoved(let subnet):
      writer.integer(UInt8(4))
      writer.tenantSubnet(subnet)
    case .stopped(let instance):
      writer.integer(UInt8(5))
      writer.identifier(instance)
    case .restartingFailure(let instance, let reason):
      writer.integer(UInt8(6))
      writer.identifier(instance)
      writer.integer(reason.rawValue)
    case .volumeFailure(let command, let instance, let volume, let reason):
      writer.integer(UInt8(7))
      writer.integer(command.rawValue)
      writer.identifier(instance)
      writer.identifier(volume)
      writer.integer(reason.rawValue)
    }
  }

  fileprivate init(from reader: inout WireReader) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1:
      let command = try reader.choice(InstanceCommand.self)
      self = .failure(command, try reader.identifier(), try reader.failureReason(of: command))
    case 2: self = .deleted(try reader.identifier())
    case 3: self = .tenantAdded(try reader.tenantSubnet())
    case 4: self = .tenantRemoved(try reader.tenantSubnet())
    case 5: self = .stopped(try reader.identifier())
    case 6:
      let instance = try reader.identifier()
      self = .restartingFailure(instance, try reader.failureReason(of: .start))
    case 7:
      let command = try reader.choice(InstanceCommand.self)
      guard command.isOfVolume else { throw WireError("\(command.name) is about no volume") }
      self = .volumeFailure(
        command, try reader.identifier(), volume: try reader.identifier(), try reader.failureReason(of: command))
    case let kind: throw WireError("report kind \(kind)")
    }
  }
}

extension WireReader {
  fileprivate mutating func failureReason(of command: InstanceCommand) throws(WireError) -> FailureReason {
    let reason = try choice(FailureReason.self)
    guard command.failureReasons.contains(reason) else {
      throw WireError("\(command.name) does not fail with \(reason.name)")
    }
    return reason
  }
}

/// What launcher-vmm may tell launcher-net.
public enum VMMToNet: Message {
  /// The request with this number is done with.
  case completed(UInt64)
  /// The request is done with, with this to tell. Both in one message, so that wherever launcher-vmm ends, the
  /// scheduler is told once. `request` nil: this ends no request.
  case report(number: UInt64, request: UInt64?, Report)
  /// How many instances there are now, whatever their state, and whether the node takes more: it may be full, or in
  /// maintenance.
  case census(UInt32, isFull: Bool, isInMaintenance: Bool)
  /// The end of a new channel to launcher-stats; an older one is void.
  case statsChannel(Descriptor)
  /// What launcher-vmm takes this node for: the first message.
  case network(NodeNetwork)

  public var descriptors: [Descriptor] {
    if case .statsChannel(let end) = self { [end] } else { [] }
  }

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .completed(let request):
      writer.integer(UInt8(1))
      writer.integer(request)
    case .report(let number, let request, let report):
      writer.integer(UInt8(2))
      writer.integer(number)
      writer.optional(request) { $0.integer($1) }
      report.encode(into: &writer)
    case .census(let count, let isFull, let isInMaintenance):
      writer.integer(UInt8(3))
      writer.integer(count)
      writer.bool(isFull)
      writer.bool(isInMaintenance)
    case .statsChannel:
      writer.integer(UInt8(4))
    case .network(let network):
      writer.integer(UInt8(5))
      writer.string(network.rawValue)
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1: self = .completed(try reader.integer())
    case 2:
      self = .report(
        number: try reader.integer(), request: try reader.optional { (r) throws(WireError) in try r.integer() },
        try Report(from: &reader))
    case 3: self = .census(try reader.integer(), isFull: try reader.bool(), isInMaintenance: try reader.bool())
    case 4: self = .statsChannel(try descriptors.next())
    case 5: self = .network(try reader.parsed(limit: 4, "network") { NodeNetwork(rawValue: $0) })
    case let kind: throw WireError("message kind \(kind)")
    }
  }
}
