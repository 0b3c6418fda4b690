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
  /// Makes an instance's container; with its disk limited where the instance's is and the engine can.
  case create(InstanceSpec, limitingDisk: Bool)
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

  private enum Kind: UInt8 {
    case version = 1
    case image, pull, create, start, stop, kill, remove, inspect, list, sizes, events
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
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.integer(kind.rawValue)
    switch self {
    case .version, .list, .sizes: break
    case .image(let image), .pull(let image): writer.image(image)
    case .create(let spec, let limitingDisk):
      writer.spec(spec)
      writer.bool(limitingDisk)
    case .stop(let instance, let grace):
      writer.identifier(instance)
      writer.integer(grace)
    case .start(let instance), .kill(let instance), .remove(let instance), .inspect(let instance):
      writer.identifier(instance)
    case .events(let since): writer.integer(since)
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
      self = .create(spec, limitingDisk: try reader.bool())
    case .start: self = .start(try reader.identifier())
    case .stop: self = .stop(try reader.identifier(), grace: try reader.integer())
    case .kill: self = .kill(try reader.identifier())
    case .remove: self = .remove(try reader.identifier())
    case .inspect: self = .inspect(try reader.identifier())
    case .list: self = .list
    case .sizes: self = .sizes
    case .events: self = .events(since: try reader.integer())
    }
  }
}
