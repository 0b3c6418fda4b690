import Instances
import Netlink

/// How a compute node's bridges reach concentrators.
public enum TunnelProtocol: String {
  case gre
  case vxlan

  /// Bytes that a tunnel puts before a frame's payload: outer IPv4 header, GRE header with key or UDP and VXLAN
  /// headers, and the frame's own Ethernet header.
  var overhead: Int {
    switch self {
    case .gre: 20 + 8 + 14
    case .vxlan: 20 + 8 + 8 + 14
    }
  }

  /// The kinds of interface that tunnels are, as the kernel spells them.
  static let kinds: Set = ["gretap", "vxlan"]
}

/// What the instances of a node share that are of one tenant, in one subnet, behind one concentrator: a bridge, and a
/// tunnel from it to the concentrator.
struct Segment: Hashable {
  let tenant: Identifier
  let subnet: IPv4Subnet
  let concentrator: Identifier
  let concentratorIP: IPv4Address

  /// The port that VXLAN has by IANA.
  static let vxlanPort: UInt16 = 4789

  /// The four bytes of the subnet's address, read as a little-endian number: of 192.168.8.0 it is 0x0008a8c0.
  var key: UInt32 { subnet.address.value.byteSwapped }

  func tunnel(_ kind: TunnelProtocol, from local: IPv4Address) -> LinkKind {
    switch kind {
    case .gre: .gretap(key: key, local: local.value, remote: concentratorIP.value)
    case .vxlan:
      .vxlan(
        identifier: key & 0xff_ffff, local: local.value, remote: concentratorIP.value, port: Self.vxlanPort)
    }
  }
}

extension Segment {
  /// Where an instance belongs, and with which addresses.
  init(of spec: InstanceSpec) throws(NetworkFailure) {
    func required<T>(_ value: T?, _ name: String) throws(NetworkFailure) -> T {
      guard let value else { throw NetworkFailure("place \(spec.instance) in its tenant's network", "no \(name)") }
      return value
    }
    self.init(
      tenant: spec.tenant, subnet: try required(spec.network.subnet, "subnet"),
      concentrator: try required(spec.network.concentrator, "concentrator_uuid"),
      concentratorIP: try required(spec.network.concentratorIP, "concentrator_ip"))
  }
}

/// A step that failed: what was tried, and why it did not work.
struct NetworkFailure: Error, CustomStringConvertible {
  let description: String

  init(_ step: String, _ reason: String) { description = "\(step): \(reason)" }

  /// Runs `body`, a request to the kernel, and names the step where that fails.
  static func naming<R, E: Error>(_ step: String, _ body: () throws(E) -> R) throws(NetworkFailure) -> R {
    do {
      return try body()
    } catch {
      throw NetworkFailure(step, "\(error)")
    }
  }
}
