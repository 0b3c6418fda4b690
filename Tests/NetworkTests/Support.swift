import Instances
import Linux
import Netlink

@testable import Networking

/// A node with a network namespace of its own: a port `compute` with an address on the compute network, and the other
/// end of it, `peer`.
final class TestNode {
  let namespace: NetworkNamespace

  init() throws {
    namespace = try NetworkNamespace()
    try namespace.ip("link", "add", "compute", "type", "veth", "peer", "name", "peer")
    try namespace.ip("address", "add", "10.9.0.1/24", "dev", "compute")
    try namespace.ip("link", "set", "compute", "up")
    try namespace.ip("link", "set", "peer", "up")
  }

  static func with(_ body: (TestNode) throws -> Void) throws {
    let node = try TestNode()
    defer { node.namespace.remove() }
    try body(node)
  }

  func engine(
    tunnel: TunnelProtocol = .vxlan, preventsSpoofing: Bool = true, state: String = "/a", devices: String = "/dev",
    through wrap: (any NetlinkSocket) -> any NetlinkSocket = { $0 }
  ) throws -> NetworkEngine {
    try Self.engine(
      in: namespace, tunnel: tunnel, preventsSpoofing: preventsSpoofing, state: state, devices: devices, through: wrap)
  }

  static func engine(
    in namespace: NetworkNamespace, tunnel: TunnelProtocol = .vxlan, preventsSpoofing: Bool = true,
    state: String = "/a", devices: String = "/dev", through wrap: (any NetlinkSocket) -> any NetlinkSocket = { $0 }
  ) throws -> NetworkEngine {
    try namespace.run {
      NetworkEngine(
        NetworkConfiguration(
          computeNetworks: [IPv4Subnet("10.9.0.0/16")!], tunnel: tunnel, preventsSpoofing: preventsSpoofing,
          node: NodeToken(stateFolder: state), devices: devices),
        routes: NetlinkClient(wrap(try KernelSocket(.route))),
        filters: NetlinkClient(wrap(try KernelSocket(.netfilter))))
    }
  }

  @discardableResult
  func attach(_ spec: InstanceSpec, _ engine: NetworkEngine) throws -> (tap: Descriptor, mtu: UInt16) {
    try namespace.run { try engine.attach(spec) }
  }

  /// A tap that gets what leaves the node by its compute interface.
  func capture() throws -> TapEnd {
    let tap = try namespace.run { try TapDevice.open("capture", isNew: true) }
    try namespace.ip("link", "add", "outside", "type", "bridge")
    for port in ["peer", "capture"] { try namespace.ip("link", "set", port, "master", "outside", "up") }
    try namespace.ip("link", "set", "outside", "up")
    return try TapEnd(tap.descriptor)
  }

  /// Names, without those of the test.
  func made() throws -> Set<String> {
    try namespace.interfaces().subtracting(["lo", "compute", "peer", "outside", "capture"])
  }
}

enum Spec {
  static let tenant = "67d86208-0000-4465-9018-fe14087d415f"
  static let concentrator = "b2b4e4a2-0000-4465-9018-fe14087d415f"

  static func instance(_ number: Int) -> Identifier {
    Identifier("e3a5-" + String(number, radix: 16))!
  }

  /// The number-th instance of a tenant.
  static func vnic(
    _ number: Int = 1, tenant: String = tenant, subnet: String = "192.168.8.0/24", concentratorIP: String = "10.9.0.2"
  ) -> InstanceSpec {
    var spec = InstanceSpec(instance: instance(number), tenant: Identifier(tenant)!)
    spec.network.mac = mac(number)
    spec.network.concentrator = Identifier(concentrator)!
    spec.network.concentratorIP = IPv4Address(concentratorIP)!
    spec.network.subnet = IPv4Subnet(subnet)!
    spec.network.privateIP = IPv4Address(value: spec.network.subnet!.address.value + UInt32(number % 250) + 2)
    return spec
  }

  static func mac(_ number: Int) -> MACAddress {
    MACAddress(bytes: [2, 0, 0, 0, UInt8(number >> 8), UInt8(number & 0xff)])!
  }

  static func networkNode(_ number: Int = 1) -> InstanceSpec {
    var spec = InstanceSpec(instance: instance(number), tenant: Identifier(tenant)!)
    spec.resources.isNetworkNode = true
    spec.network.mac = mac(number)
    return spec
  }
}
