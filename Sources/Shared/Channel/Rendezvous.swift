import Linux

/// Who comes to the rendezvous socket.
public enum RendezvousRole: UInt8, Sendable {
  case net = 1
  case stats = 2

  public var programName: String { self == .net ? "launcher-net" : "launcher-stats" }
}

/// The one thing said on the rendezvous socket.
public struct RendezvousHello: Message {
  public let role: RendezvousRole

  public init(role: RendezvousRole) { self.role = role }

  public func encode(into writer: inout WireWriter) { writer.integer(role.rawValue) }

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    role = try reader.choice()
  }
}

/// The one answer: the end of the channel to launcher-vmm, and a socket for the next visit.
///
/// A confined process may not make AF_UNIX sockets, so each visit to the rendezvous uses one that was made before
/// the confinement or came with an earlier answer.
public struct RendezvousWelcome: Message {
  public let channel: Descriptor
  public let spare: Descriptor

  public init(channel: Descriptor, spare: Descriptor) {
    self.channel = channel
    self.spare = spare
  }

  public var descriptors: [Descriptor] { [channel, spare] }

  public func encode(into writer: inout WireWriter) {}

  public init(from reader: inout WireReader, descriptors: inout DescriptorList) throws(WireError) {
    channel = try descriptors.next()
    spare = try descriptors.next()
  }
}

extension Rendezvous {
  /// Where the socket is unless an option says otherwise.
  public static let defaultPath = "/run/launcher/rendezvous"
  /// Connections that may wait for launcher-vmm while it restarts.
  public static let backlog: Int32 = 16
}
