import Glibc
import Instances
import Netlink

/// Containers on a segment's bridge. Their own ends the container engine makes, above the bridge (macvlan); here is what
/// they need of the node, and an interface for each that says that they are there.
extension NetworkEngine {
  /// Makes what is missing of a container's segment, and gives the bridge that its network is to be above. What was made
  /// is removed again if a step fails.
  func join(_ spec: InstanceSpec) throws(NetworkFailure) -> TenantBridge {
    let undo = Undo()
    do throws(NetworkFailure) {
      return try join(spec, undo)
    } catch {
      undo.run()
      throw error
    }
  }

  private func join(_ spec: InstanceSpec, _ undo: Undo) throws(NetworkFailure) -> TenantBridge {
    let segment = try Segment(of: spec)
    guard let mac = spec.network.mac, let ip = spec.network.privateIP else {
      throw NetworkFailure("place container \(spec.instance) in its tenant's network", "no vnic_mac or no private_ip")
    }
    let addresses = ContainerAddresses(mac: mac, ip: ip)
    let role = InterfaceRole.container(segment, spec.instance, addresses)
    try checkAddresses(of: role, addresses)
    let (bridge, mtu) = try ensureSegment(segment, undo)
    guard let name = TenantBridge(bridge.name) else {
      throw NetworkFailure("name the bridge \(bridge.name)", "it was renamed; delete the instances of its subnet")
    }
    if interfaces(try links())[role] == nil {
      let alias = try alias(role)
      undo.add { [self] in try? admitContainers() }
      try make(.macvlan(on: bridge.index), try freeName(alias), alias, mtu: mtu, undo)
    }
    try admitContainers()
    try perform("pin \(mac) above \(bridge.name)", [.pin(mac.bytes, above: bridge.index)])
    return name
  }

  /// Two containers of a segment with one address would each get the other's frames, and the node those of its own.
  private func checkAddresses(of role: InterfaceRole, _ addresses: ContainerAddresses) throws(NetworkFailure) {
    for case .container(let segment, let other, let taken) in interfaces(try links()).keys
    where segment == role.segment && other != role.instance {
      guard taken.mac != addresses.mac, taken.ip != addresses.ip else {
        throw NetworkFailure(
          "give a container \(addresses.mac) and \(addresses.ip)", "container \(other) of this node has one of them")
      }
    }
    let own = try NetworkFailure.naming("list addresses") { () throws(NetlinkError) in try routes.addresses() }
    guard !own.contains(where: { $0.address == addresses.ip.value }) else {
      throw NetworkFailure("give a container \(addresses.ip)", "it is an address of this node")
    }
  }

  /// Lets the frames of all containers pass, as the kernel's aliases name them.
  func admitContainers() throws(NetworkFailure) {
    let all = interfaces(try links()).keys.compactMap { role in
      if case .container(_, _, let addresses) = role { addresses } else { nil as ContainerAddresses? }
    }
    try NetworkFailure.naming("admit the frames of containers") { () throws(NetlinkError) in try filter.admit(all) }
  }

  /// Forgets where a container's frames go.
  func unpin(_ role: InterfaceRole) throws(NetworkFailure) {
    guard case .container(let segment, _, let addresses) = role, let bridge = interfaces(try links())[.bridge(segment)]
    else { return }
    try NetworkFailure.naming("unpin \(addresses.mac) from \(bridge.name)") { () throws(NetlinkError) in
      try routes.perform([.unpin(addresses.mac.bytes, above: bridge.index)], tolerating: [ENOENT])
    }
  }

  /// The bridges that containers are above.
  func containerBridges() throws(NetworkFailure) -> [TenantBridge] {
    let all = interfaces(try links())
    let segments = Set(
      all.keys.compactMap { role in if case .container(let segment, _, _) = role { segment } else { nil as Segment? } })
    return segments.compactMap { all[.bridge($0)].flatMap { TenantBridge($0.name) } }
  }
}
