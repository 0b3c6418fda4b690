import Glibc
import Instances
import Netlink

/// Bridges, tunnels, and the end of both.
extension NetworkEngine {
  /// The bridge of a segment with its tunnel, and the MTU of its ports.
  func ensureSegment(_ segment: Segment, _ undo: Undo) throws(NetworkFailure) -> (bridge: Link, mtu: UInt16) {
    let compute = try computeNetwork().interface(towards: segment.concentratorIP)
    let mtu = try TenantMTU.within(compute.link, overhead: configuration.tunnel.overhead)
    let bridge = try ensure(.bridge(segment), .bridge, mtu: mtu, undo)
    try perform("set up bridge \(bridge.name)", [.setMTU(UInt32(mtu), of: bridge.name), .setUp(bridge.name)])
    let kind = segment.tunnel(configuration.tunnel, from: compute.address)
    let tunnel = try ensure(.tunnel(segment), kind, mtu: mtu, undo)
    try NetworkFailure.naming("protect the node from \(tunnel.name)") { () throws(NetlinkError) in
      try filter.guardNode(from: tunnel.name)
    }
    try perform("connect tunnel \(tunnel.name)", [.join(bridge.index, tunnel.name), .setUp(tunnel.name)])
    return (bridge, mtu)
  }

  private func ensure(_ role: InterfaceRole, _ kind: LinkKind, mtu: UInt16, _ undo: Undo) throws(NetworkFailure)
    -> Link
  {
    if let present = interfaces(try links())[role] { return present }
    let alias = try alias(role)
    let name = try freeName(alias)
    // Undone backwards: it is gone before nothing protects the node from it any more.
    undo.add { [self] in try? filter.forget(name) }
    try make(kind, name, alias, mtu: mtu, undo)
    guard let made = interfaces(try links())[role] else {
      throw NetworkFailure("make \(kind.name) \(name)", "it is not there")
    }
    return made
  }

  // MARK: removal

  /// Removes what is an instance's alone, and with the last one of a segment its bridge and tunnel.
  func detach(_ instance: Identifier) throws(NetworkFailure) {
    for (role, link) in interfaces(try links()) where role.instance == instance { try remove(role, link) }
    try removeEmptySegments()
  }

  /// Removes bridges and tunnels that no instance needs: the last one's, and what a crash left.
  func removeEmptySegments() throws(NetworkFailure) {
    let all = interfaces(try links())
    let needed = Set(all.keys.filter { $0.instance != nil }.compactMap(\.segment))
    for (role, link) in all where role.instance == nil && !(role.segment.map(needed.contains) ?? true) {
      try remove(role, link)
    }
    guard needed.isEmpty else { return try admitContainers() }
    try NetworkFailure.naming("remove the filter") { () throws(NetlinkError) in try filter.remove() }
  }

  private func remove(_ role: InterfaceRole, _ link: Link) throws(NetworkFailure) {
    try unpin(role)
    try NetworkFailure.naming("remove \(link.kind) \(link.name)") { () throws(NetlinkError) in
      try routes.perform([.delete(link.index)], tolerating: [ENODEV])
    }
    switch role {
    case .bridge, .container: return
    case .tunnel, .vnic, .direct: break
    }
    try NetworkFailure.naming("remove the filter of \(link.name)") { () throws(NetlinkError) in
      try filter.forget(link.name)
    }
  }
}
