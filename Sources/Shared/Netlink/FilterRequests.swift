/// Where a chain sees the frames of bridges (NF_BR_*).
public enum BridgeHook: UInt32, Sendable {
  /// Each frame that comes in by a port.
  case preRouting = 0
  /// Each frame for this node itself.
  case localInput = 1
}

/// Requests about one table of nftables' bridge family.
public struct FilterTable: Equatable, Sendable {
  public let name: String

  public init(_ name: String) { self.name = name }

  /// NFNL_SUBSYS_NFTABLES
  private static let subsystem: UInt16 = 10
  /// NFPROTO_BRIDGE
  private static let bridgeFamily: UInt8 = 7
  /// Bytes of a set's keys: an interface's name, filled with zero bytes.
  private static let nameSize = 16
  /// What the nft program calls such a key, so that it can show it.
  private static let interfaceName: UInt32 = 41
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

  /// A set of names of interfaces.
  public func addSet(_ set: String, number: UInt32) -> NetlinkRequest {
    request(9, Netlink.create) {
      $0.put(2, set)
      $0.put(3, network: UInt32(0))
      $0.put(4, network: Self.interfaceName)
      $0.put(5, network: UInt32(Self.nameSize))
      $0.put(10, network: number)
    }
  }

  /// A map from names of interfaces to verdicts.
  public func addMap(_ map: String, number: UInt32) -> NetlinkRequest {
    request(9, Netlink.create) {
      $0.put(2, map)
      $0.put(3, network: Self.isMap)
      $0.put(4, network: Self.interfaceName)
      $0.put(5, network: UInt32(Self.nameSize))
      $0.put(6, network: Self.verdicts)
      $0.put(7, network: UInt32(0))
      $0.put(10, network: number)
    }
  }

  public func add(_ interface: String, to set: String, _ verdict: FilterVerdict? = nil) -> NetlinkRequest {
    request(12, Netlink.create) { Self.put(interface, verdict, set, into: &$0) }
  }

  public func remove(_ interface: String, from set: String) -> NetlinkRequest {
    request(14, 0) { Self.put(interface, nil, set, into: &$0) }
  }

  /// NFTA_SET_ELEM_LIST_SET and _ELEMENTS; in each element NFTA_SET_ELEM_KEY and _DATA.
  private static func put(
    _ interface: String, _ verdict: FilterVerdict?, _ set: String, into list: inout AttributeList
  ) {
    let name = Array(interface.utf8)
    let key = name + [UInt8](repeating: 0, count: max(0, nameSize - name.count))
    list.put(2, set)
    list.put(nested: 3, flagged: true) { elements in
      elements.put(nested: 1, flagged: true) { element in
        element.put(nested: 1, flagged: true) { $0.put(1, key) }
        if let verdict { element.put(nested: 2, flagged: true) { verdict.put(into: &$0) } }
      }
    }
  }
}
