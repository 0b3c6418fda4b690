/// Where a chain sees the frames of bridges (NF_BR_*).
public enum BridgeHook: UInt32, Sendable {
  /// Each frame that comes in by a port.
  case preRouting = 0
  /// Each frame for this node itself.
  case localInput = 1
  /// Each frame that this node itself, or what is above its bridge, sends by a port.
  case localOutput = 3
}

/// What the keys of a set are.
public enum FilterKey: Sendable {
  case interface
  case mac
  case ipv4

  /// Bytes of a key: an interface's name is filled with zero bytes.
  var size: Int {
    switch self {
    case .interface: 16
    case .mac: 6
    case .ipv4: 4
    }
  }

  /// What the nft program calls it, so that it can show it.
  var type: UInt32 {
    switch self {
    case .interface: 41
    case .mac: 9
    case .ipv4: 7
    }
  }
}

/// Requests about one table of nftables' bridge family.
public struct FilterTable: Equatable, Sendable {
  public let name: String

  public init(_ name: String) { self.name = name }

  /// NFNL_SUBSYS_NFTABLES
  private static let subsystem: UInt16 = 10
  /// NFPROTO_BRIDGE
  private static let bridgeFamily: UInt8 = 7
  /// NFT_SET_MAP
  private static let isMap: UInt32 = 8
  /// NFT_DATA_VERDICT
  private static let verdicts: UInt32 = 0xffff_ff00

  /// Requests that are carried out together or not at all.
  public static func batch(_ requests: [NetlinkRequest]) -> [NetlinkRequest] {
    // NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END
    [batchEdge(0x10)] + requests + [batchEdge(0x11)]
  }

  private static func batchEdge(_ type: UInt16) -> NetlinkRequest {
    NetlinkRequest(type, flags: 0, header: [0, 0, 0, UInt8(subsystem)])
  }

  private func request(_ message: UInt16, _ flags: UInt16, _ fill: (inout AttributeList) -> Void) -> NetlinkRequest {
    var attributes = AttributeList()
    attributes.put(1, name)
    fill(&attributes)
    return NetlinkRequest(
      Self.subsystem << 8 | message, flags: Netlink.acknowledge | flags, header: [Self.bridgeFamily, 0, 0, 0],
      attributes)
  }

  /// - exclusively: fails with EEXIST where it is there.
  public func add(exclusively: Bool) -> NetlinkRequest {
    request(0, Netlink.create | (exclusively ? Netlink.exclusive : 0)) { _ in }
  }

  public func remove() -> NetlinkRequest { request(2, 0) { _ in } }

  /// A chain that rules send frames to.
  public func addChain(_ chain: String) -> NetlinkRequest { request(3, Netlink.create) { $0.put(3, chain) } }

  /// A chain that the kernel sends frames to; what no rule decides is accepted.
  public func addChain(_ chain: String, at hook: BridgeHook, priority: Int32) -> NetlinkRequest {
    request(3, Netlink.create) { list in
      list.put(3, chain)
      list.put(nested: 4, flagged: true) {
        $0.put(1, network: hook.rawValue)
        $0.put(2, network: priority)
      }
      list.put(7, "filter")
    }
  }

  public func removeChain(_ chain: String) -> NetlinkRequest { request(5, 0) { $0.put(3, chain) } }

  /// Behind the rules that the chain has.
  public func addRule(_ expressions: [FilterExpression], to chain: String) -> NetlinkRequest {
    // NLM_F_APPEND
    request(6, Netlink.create | 0x800) { list in
      list.put(2, chain)
      list.put(nested: 4, flagged: true) { list in
        for expression in expressions { expression.put(into: &list) }
      }
    }
  }

  public func removeRules(of chain: String) -> NetlinkRequest { request(8, 0) { $0.put(2, chain) } }

  public func addSet(_ set: String, of key: FilterKey = .interface, number: UInt32) -> NetlinkRequest {
    request(9, Netlink.create) {
      $0.put(2, set)
      $0.put(3, network: UInt32(0))
      $0.put(4, network: key.type)
      $0.put(5, network: UInt32(key.size))
      $0.put(10, network: number)
    }
  }

  /// A map from names of interfaces to verdicts.
  public func addMap(_ map: String, number: UInt32) -> NetlinkRequest {
    request(9, Netlink.create) {
      $0.put(2, map)
      $0.put(3, network: Self.isMap)
      $0.put(4, network: FilterKey.interface.type)
      $0.put(5, network: UInt32(FilterKey.interface.size))
      $0.put(6, network: Self.verdicts)
      $0.put(7, network: UInt32(0))
      $0.put(10, network: number)
    }
  }

  public func add(_ interface: String, to set: String, _ verdict: FilterVerdict? = nil) -> NetlinkRequest {
    request(12, Netlink.create) { Self.put(Self.key(interface), verdict, set, into: &$0) }
  }

  public func add(_ key: [UInt8], to set: String) -> NetlinkRequest {
    request(12, Netlink.create) { Self.put(key, nil, set, into: &$0) }
  }

  /// Empties a set.
  public func removeElements(of set: String) -> NetlinkRequest { request(14, 0) { $0.put(2, set) } }

  public func remove(_ interface: String, from set: String) -> NetlinkRequest {
    request(14, 0) { Self.put(Self.key(interface), nil, set, into: &$0) }
  }

  private static func key(_ interface: String) -> [UInt8] {
    let name = Array(interface.utf8)
    return name + [UInt8](repeating: 0, count: max(0, FilterKey.interface.size - name.count))
  }

  /// NFTA_SET_ELEM_LIST_SET and _ELEMENTS; in each element NFTA_SET_ELEM_KEY and _DATA.
  private static func put(
    _ key: [UInt8], _ verdict: FilterVerdict?, _ set: String, into list: inout AttributeList
  ) {
    list.put(2, set)
    list.put(nested: 3, flagged: true) { elements in
      elements.put(nested: 1, flagged: true) { element in
        element.put(nested: 1, flagged: true) { $0.put(1, key) }
        if let verdict { element.put(nested: 2, flagged: true) { verdict.put(into: &$0) } }
      }
    }
  }
}
