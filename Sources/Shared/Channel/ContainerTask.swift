import Instances

/// What the container tool is started for. It names instances, images and commands in values that were checked, never an
/// option: the child that starts the tool builds the command line, and which containers are its own it knows itself.
///
/// Descriptors: standard input, output and error.
public enum ContainerTask: SpawnableTask, Equatable {
  /// The engine's version: whether it answers.
  case version
  /// Whether an image is there: its id.
  case image(ImageReference)
  /// Fetches an image.
  case pull(ImageReference)
  /// Makes an instance's container: on the network above a bridge, or on none; with its disk limited where the instance's
  /// is and the engine can.
  case create(InstanceSpec, on: TenantBridge?, limitingDisk: Bool)
  case start(Identifier)
  /// Asks the container to end, and kills it after so many seconds.
  case stop(Identifier, grace: UInt16)
  case kill(Identifier)
  /// Removes the container, running or not.
  case remove(Identifier)
  /// What is to be known of one container.
  case inspect(Identifier)
  /// The instances of all containers of this node.
  case list
  /// The disk usage of all containers of this node.
  case sizes
  /// Goes on telling what happens to this node's containers, from a moment in seconds since 1970.
  case events(since: UInt64)
  /// Makes a network of containers above a bridge, whose addresses are in a subnet.
  case makeNetwork(TenantBridge, IPv4Subnet)
  case removeNetwork(TenantBridge)
  /// The bridges that this node has networks of containers above.
  case networks
  /// Gives a container that does not run its place on the network above a bridge, again.
  case connect(Identifier, TenantBridge, IPv4Address)
  case disconnect(Identifier, TenantBridge)

  private enum Kind: UInt8 {
    case version = 1
    case image, pull, create, start, stop, kill, remove, inspect, list, sizes, events, makeNetwork, removeNetwork,
      networks
    case connect, disconnect
  }

  public var programName: String { "container tool (\(kind))" }
  public var descriptorCount: Int { 3 }

  private var kind: Kind {
    switch self {
    case .version: .version
    case .image: .image
    case .pull: .pull
    case .create: .create
    case .start: .start
    case .stop: .stop
    case .kill: .kill
    case .remove: .remove
    case .inspect: .inspect
    case .list: .list
    case .sizes: .sizes
    case .events: .events
    case .makeNetwork: .makeNetwork
    case .removeNetwork: .removeNetwork
    case .networks: .networks
    case .connect: .connect
    case .disconnect: .disconnect
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.integer(kind.rawValue)
    switch self {
    case .version, .list, .sizes, .networks: break
    case .image(let image), .pull(let image): writer.image(image)
    case .create(let spec, let bridge, let limitingDisk):
      writer.spec(spec)
      writer.optional(bridge) { $0.bridge($1) }
      writer.bool(limitingDisk)
    case .stop(let instance, let grace):
      writer.identifier(instance)
      writer.integer(grace)
    case .start(let instance), .kill(let instance), .remove(let instance), .inspect(let instance):
      writer.identifier(instance)
    case .events(let since): writer.integer(since)
    case .makeNetwork(let bridge, let subnet):
      writer.bridge(bridge)
      writer.string(subnet.description)
    case .removeNetwork(let bridge): writer.bridge(bridge)
    case .connect(let instance, let bridge, let ip):
      writer.identifier(instance)
      writer.bridge(bridge)
      writer.address(ip)
    case .disconnect(let instance, let bridge):
      writer.identifier(instance)
      writer.bridge(bridge)
    }
  }

  public init(from reader: inout WireReader) throws(WireError) {
    switch try reader.choice(Kind.self) {
    case .version: self = .version
    case .image: self = .image(try reader.image())
    case .pull: self = .pull(try reader.image())
    case .create:
      let spec = try reader.spec()
      guard spec.container != nil else { throw WireError("a container of nothing") }
      let bridge = try reader.optional { (r) throws(WireError) in try r.bridge() }
      guard bridge == nil || spec.network.mac != nil && spec.network.privateIP != nil else {
        throw WireError("a container on a network, without addresses")
      }
      self = .create(spec, on: bridge, limitingDisk: try reader.bool())
    case .start: self = .start(try reader.identifier())
    case .stop: self = .stop(try reader.identifier(), grace: try reader.integer())
    case .kill: self = .kill(try reader.identifier())
    case .remove: self = .remove(try reader.identifier())
    case .inspect: self = .inspect(try reader.identifier())
    case .list: self = .list
    case .sizes: self = .sizes
    case .events: self = .events(since: try reader.integer())
    case .makeNetwork: self = .makeNetwork(try reader.bridge(), try reader.subnet())
    case .removeNetwork: self = .removeNetwork(try reader.bridge())
    case .networks: self = .networks
    case .connect: self = .connect(try reader.identifier(), try reader.bridge(), try reader.address())
    case .disconnect: self = .disconnect(try reader.identifier(), try reader.bridge())
    }
  }
}
