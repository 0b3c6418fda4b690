import Glibc
import Instances
import Linux
import Netlink

/// Makes and removes the interfaces of instances. It remembers nothing: what there is it reads from the kernel each
/// time, so that it does not matter who made it or how that one ended.
final class NetworkEngine {
  let configuration: NetworkConfiguration
  let routes: NetlinkClient
  let filter: BridgeFilter

  init(_ configuration: NetworkConfiguration, routes: NetlinkClient, filters: NetlinkClient) {
    self.configuration = configuration
    self.routes = routes
    filter = BridgeFilter(configuration.node, filters)
  }

  // MARK: what there is

  /// The interfaces of this launcher, by what they are for. An interface is one of them only if both its alias and its
  /// kind say so.
  func interfaces(_ links: [Link]) -> [InterfaceRole: Link] {
    var known: [InterfaceRole: Link] = [:]
    for link in links {
      guard let alias = InterfaceAlias(link.alias), alias.node == configuration.node,
        alias.role.kinds.contains(link.kind)
      else { continue }
      known[alias.role] = link
    }
    return known
  }

  func links() throws(NetworkFailure) -> [Link] {
    try NetworkFailure.naming("list interfaces") { () throws(NetlinkError) in try routes.links() }
  }

  func computeNetwork() throws(NetworkFailure) -> ComputeNetwork {
    let addresses = try NetworkFailure.naming("list addresses") { () throws(NetlinkError) in
      try routes.addresses()
    }
    return try ComputeNetwork(configuration.computeNetworks, links(), addresses)
  }

  /// The instances that have an interface.
  func instances() throws(NetworkFailure) -> [Identifier] {
    Set(interfaces(try links()).keys.compactMap(\.instance)).sorted()
  }

  // MARK: attach

  /// Makes what is missing of an instance's network and opens its end. What was made is removed again if a step fails.
  func attach(_ spec: InstanceSpec) throws(NetworkFailure) -> (tap: Descriptor, mtu: UInt16) {
    let undo = Undo()
    do throws(NetworkFailure) {
      return spec.resources.isNetworkNode ? try attachDirectly(spec, undo) : try attachToBridge(spec, undo)
    } catch {
      undo.run()
      throw error
    }
  }

  private func attachToBridge(_ spec: InstanceSpec, _ undo: Undo) throws(NetworkFailure) -> (Descriptor, UInt16) {
    let segment = try Segment(of: spec)
    let (bridge, mtu) = try ensureSegment(segment, undo)
    let role = InterfaceRole.vnic(segment, spec.instance)
    let present = interfaces(try links())[role]
    let alias = try alias(role)
    let name = if let present { present.name } else { try freeName(alias) }
    let tap = try NetworkFailure.naming("open the tap of instance \(spec.instance)") { () throws(SystemError) in
      try TapDevice.open(name, isNew: present == nil)
    }
    if present == nil {
      undo.add { [self] in removeTap(name, tap) }
      try perform("label tap \(name)", labels(name, alias))
    }
    try protect(name, spec)
    try perform("connect tap \(name)", [.setMTU(UInt32(mtu), of: name), .join(bridge.index, name), .setUp(name)])
    if let mac = spec.network.mac, configuration.preventsSpoofing { try pin(mac, to: role) }
    try NetworkFailure.naming("keep tap \(name)") { () throws(SystemError) in try tap.keep() }
    return (tap.descriptor, mtu)
  }

  private func protect(_ name: String, _ spec: InstanceSpec) throws(NetworkFailure) {
    try NetworkFailure.naming("protect the node from \(name)") { () throws(NetlinkError) in
      try filter.guardNode(from: name)
    }
    guard configuration.preventsSpoofing else { return }
    guard let mac = spec.network.mac, let ip = spec.network.privateIP else {
      throw NetworkFailure("bind \(name) to its addresses", "no vnic_mac or no private_ip")
    }
    try NetworkFailure.naming("bind \(name) to its addresses") { () throws(NetlinkError) in
      try filter.bind(name, to: mac, ip)
    }
  }

  /// Nobody else's frames draw what is for this machine, wherever they come from.
  private func pin(_ mac: MACAddress, to role: InterfaceRole) throws(NetworkFailure) {
    guard let port = interfaces(try links())[role] else { throw NetworkFailure("pin \(mac)", "its tap is gone") }
    try perform("pin \(mac) to \(port.name)", [.pin(mac.bytes, to: port.index)])
  }

  private func removeTap(_ name: String, _ tap: TapDevice) {
    // It was not kept yet, or it is: in either case it is gone after this.
    _ = try? routes.outcomes(of: [.delete(named: name)])
    tap.descriptor.close()
    try? filter.forget(name)
  }

  /// A tenant's network node is on the compute network itself.
  private func attachDirectly(_ spec: InstanceSpec, _ undo: Undo) throws(NetworkFailure) -> (Descriptor, UInt16) {
    guard let mac = spec.network.mac else {
      throw NetworkFailure("place \(spec.instance) on the compute network", "no vnic_mac")
    }
    let lower = try computeNetwork().interfaces[0].link
    let mtu = try TenantMTU.within(lower, overhead: 0)
    let role = InterfaceRole.direct(tenant: spec.tenant, spec.instance)
    let alias = try alias(role)
    let links = try links()
    var macvtap = interfaces(links)[role]
    if macvtap == nil {
      let name = try freeName(alias)
      try make(.macvtap(on: lower.index, address: mac.bytes), name, alias, mtu: mtu, undo)
      macvtap = interfaces(try self.links())[role]
    }
    guard let macvtap else { throw NetworkFailure("make a macvtap", "it is not there") }
    try perform("connect \(macvtap.name)", [.setUp(macvtap.name)])
    let tap = try NetworkFailure.naming("open the device of \(macvtap.name)") { () throws(SystemError) in
      try TapDevice.open(macvtap: macvtap.name, index: macvtap.index, in: configuration.devices)
    }
    return (tap.descriptor, mtu)
  }

  // MARK: making

  func alias(_ role: InterfaceRole) throws(NetworkFailure) -> InterfaceAlias {
    let alias = InterfaceAlias(configuration.node, role)
    let size = alias.text.utf8.count
    guard size <= Link.maximumAlias else {
      throw NetworkFailure(
        "name an interface", "its alias would have \(size) bytes, the kernel takes \(Link.maximumAlias)")
    }
    return alias
  }

  func freeName(_ alias: InterfaceAlias) throws(NetworkFailure) -> String {
    guard let name = InterfaceName.free(for: alias, among: Set(try links().map(\.name))) else {
      throw NetworkFailure("name an interface", "each name that was tried is taken")
    }
    return name
  }

  private func labels(_ name: String, _ alias: InterfaceAlias) -> [NetlinkRequest] {
    [.setAlias(alias.text, of: name), .withoutIPv6(name)]
  }

  /// Makes an interface and labels it in one datagram: the kernel does both or this process was never there, so that
  /// no end of this process leaves an interface that nobody knows.
  func make(_ kind: LinkKind, _ name: String, _ alias: InterfaceAlias, mtu: UInt16, _ undo: Undo)
    throws(NetworkFailure)
  {
    let step = "make \(kind.name) \(name)"
    let requests = [.create(kind, name: name, mtu: UInt32(mtu))] + labels(name, alias)
    let outcomes = try NetworkFailure.naming(step) { () throws(NetlinkError) in try routes.outcomes(of: requests) }
    if outcomes[0] == nil { undo.add { [self] in _ = try? routes.outcomes(of: [.delete(named: name)]) } }
    for outcome in outcomes {
      if let outcome, outcome.code != EAFNOSUPPORT { throw NetworkFailure(step, "\(outcome)") }
    }
  }

  func perform(_ step: String, _ requests: [NetlinkRequest]) throws(NetworkFailure) {
    // The kernel may be without IPv6, of which an interface then has nothing anyway.
    try NetworkFailure.naming(step) { () throws(NetlinkError) in
      try routes.perform(requests, tolerating: [EAFNOSUPPORT])
    }
  }
}

/// What is to be done again backwards when a later step fails.
final class Undo {
  private var steps: [() -> Void] = []

  func add(_ step: @escaping () -> Void) { steps.append(step) }

  func run() {
    for step in steps.reversed() { step() }
    steps = []
  }
}
