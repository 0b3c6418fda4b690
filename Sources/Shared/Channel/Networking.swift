import Instances
import Linux

/// What the manager may ask of the network child, which alone holds CAP_NET_ADMIN. It names instances and their place
/// in a tenant's network, never an interface.
public enum ManagerToNetwork: Message {
  /// Make what is missing of the instance's network (bridge, tunnel, tap, or macvtap of a network node) and open its
  /// end. Asked again, it opens the same one.
  case attach(job: UInt64, InstanceSpec)
  /// Make what is missing of a container's segment (bridge, tunnel), and keep it until `detach`.
  case join(job: UInt64, InstanceSpec)
  /// Remove what is the instance's alone, and with the last one of a subnet what they shared. Nothing there is no
  /// failure.
  case detach(job: UInt64, Identifier)
  /// Which instances have a network in the kernel, whoever made it. What a killed child left of segments without any
  /// goes.
  case list(job: UInt64)
  /// Which bridges have containers.
  case bridges(job: UInt64)

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .attach(let job, let spec):
      writer.integer(UInt8(1))
      writer.integer(job)
      writer.spec(spec)
    case .detach(let job, let instance):
      writer.integer(UInt8(2))
      writer.integer(job)
      writer.identifier(instance)
    case .list(let job):
      writer.integer(UInt8(3))
      writer.integer(job)
    case .join(let job, let spec):
      writer.integer(UInt8(4))
      writer.integer(job)
      writer.spec(spec)
    case .bridges(let job):
      writer.integer(UInt8(5))
      writer.integer(job)
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1: self = .attach(job: try reader.integer(), try reader.spec())
    case 2: self = .detach(job: try reader.integer(), try reader.identifier())
    case 3: self = .list(job: try reader.integer())
    case 4: self = .join(job: try reader.integer(), try reader.spec())
    case 5: self = .bridges(job: try reader.integer())
    case let kind: throw WireError("message kind \(kind)")
    }
  }
}

/// What the network child answers.
public enum NetworkToManager: Message {
  /// The machine's end of its network, and the bytes that a packet of its may have (MTU).
  case attached(job: UInt64, tap: Descriptor, mtu: UInt16)
  /// The bridge of a container's segment.
  case joined(job: UInt64, TenantBridge)
  case detached(job: UInt64)
  /// One of the answers to `list`, and to `bridges`; `listed` follows the last.
  case present(job: UInt64, Identifier)
  case bridge(job: UInt64, TenantBridge)
  case listed(job: UInt64)
  /// `reason` says at which step and why; nothing of what was asked for is left.
  case failed(job: UInt64, reason: String)

  private static let maximumReason = 512

  public var descriptors: [Descriptor] {
    if case .attached(_, let tap, _) = self { [tap] } else { [] }
  }

  public func encode(into writer: inout WireWriter) {
    switch self {
    case .attached(let job, _, let mtu):
      writer.integer(UInt8(1))
      writer.integer(job)
      writer.integer(mtu)
    case .detached(let job):
      writer.integer(UInt8(2))
      writer.integer(job)
    case .present(let job, let instance):
      writer.integer(UInt8(3))
      writer.integer(job)
      writer.identifier(instance)
    case .listed(let job):
      writer.integer(UInt8(4))
      writer.integer(job)
    case .failed(let job, let reason):
      writer.integer(UInt8(5))
      writer.integer(job)
      writer.string(reason)
    case .joined(let job, let bridge):
      writer.integer(UInt8(6))
      writer.integer(job)
      writer.bridge(bridge)
    case .bridge(let job, let bridge):
      writer.integer(UInt8(7))
      writer.integer(job)
      writer.bridge(bridge)
    }
  }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    switch try reader.integer(UInt8.self) {
    case 1: self = .attached(job: try reader.integer(), tap: try descriptors.next(), mtu: try reader.integer())
    case 2: self = .detached(job: try reader.integer())
    case 3: self = .present(job: try reader.integer(), try reader.identifier())
    case 4: self = .listed(job: try reader.integer())
    case 6: self = .joined(job: try reader.integer(), try reader.bridge())
    case 7: self = .bridge(job: try reader.integer(), try reader.bridge())
    case 5: self = .failed(job: try reader.integer(), reason: try reader.string(limit: Self.maximumReason))
    case let kind: throw WireError("message kind \(kind)")
    }
  }
}
