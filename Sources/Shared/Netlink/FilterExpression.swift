/// What a rule of nftables does, step by step (linux/netfilter/nf_tables.h).
public enum FilterExpression: Equatable, Sendable {
  /// The name of the interface that a frame came from, for `lookUp`.
  case inputInterface
  /// The name of the interface that a frame leaves by, for `lookUp`.
  case outputInterface
  /// Bytes of the frame, for `lookUp`.
  case fetch(Part, offset: UInt32, count: UInt32)
  /// Goes on in the frame's rule only if the bytes at `offset` are, or are not, these.
  case bytes(Part, offset: UInt32, is: [UInt8])
  case bytesDiffer(Part, offset: UInt32, from: [UInt8])
  /// Goes on only if what was fetched is in the set.
  case lookUp(set: String)
  /// Does what the map says of the name that was fetched; goes on if it says nothing.
  case decide(byMap: String)
  /// Counts, for people to see.
  case count
  case accept
  case drop

  public enum Part: UInt32, Sendable {
    case ethernet = 0
    case network = 1
    case transport = 2
  }

  /// Registers of NFT_REG_*: the verdict, and the first of 16 bytes.
  private static let verdictRegister: UInt32 = 0
  private static let dataRegister: UInt32 = 1
  /// NFT_META_IIFNAME
  private static let inputInterfaceName: UInt32 = 6
  /// NFT_META_OIFNAME
  private static let outputInterfaceName: UInt32 = 7
  /// NFT_CMP_EQ, NFT_CMP_NEQ
  private static let equal: UInt32 = 0
  private static let different: UInt32 = 1

  /// NFTA_LIST_ELEM, and within it NFTA_EXPR_NAME and NFTA_EXPR_DATA.
  func put(into list: inout AttributeList) {
    func expression(_ name: String, _ fill: (inout AttributeList) -> Void) {
      list.put(nested: 1, flagged: true) { item in
        item.put(1, name)
        item.put(nested: 2, flagged: true, fill)
      }
    }
    func meta(_ key: UInt32) {
      expression("meta") {
        $0.put(2, network: key)
        $0.put(1, network: Self.dataRegister)
      }
    }
    func fetch(_ part: Part, _ offset: UInt32, _ count: UInt32) {
      expression("payload") {
        $0.put(1, network: Self.dataRegister)
        $0.put(2, network: part.rawValue)
        $0.put(3, network: offset)
        $0.put(4, network: count)
      }
    }
    func compare(_ part: Part, _ offset: UInt32, _ operation: UInt32, _ bytes: [UInt8]) {
      fetch(part, offset, UInt32(bytes.count))
      expression("cmp") {
        $0.put(1, network: Self.dataRegister)
        $0.put(2, network: operation)
        $0.put(nested: 3, flagged: true) { $0.put(1, bytes) }
      }
    }
    func lookUp(_ set: String, _ result: UInt32?) {
      expression("lookup") {
        $0.put(2, network: Self.dataRegister)
        if let result { $0.put(3, network: result) }
        $0.put(1, set)
      }
    }
    func decide(_ verdict: FilterVerdict) {
      expression("immediate") {
        $0.put(1, network: Self.verdictRegister)
        $0.put(nested: 2, flagged: true) { verdict.put(into: &$0) }
      }
    }
    switch self {
    case .inputInterface: meta(Self.inputInterfaceName)
    case .outputInterface: meta(Self.outputInterfaceName)
    case .fetch(let part, let offset, let count): fetch(part, offset, count)
    case .bytes(let part, let offset, let bytes): compare(part, offset, Self.equal, bytes)
    case .bytesDiffer(let part, let offset, let bytes): compare(part, offset, Self.different, bytes)
    case .lookUp(let set): lookUp(set, nil)
    case .decide(let map): lookUp(map, Self.verdictRegister)
    case .count: expression("counter") { _ in }
    case .accept: decide(.accept)
    case .drop: decide(.drop)
    }
  }
}

/// What becomes of a frame.
public enum FilterVerdict: Equatable, Sendable {
  case accept
  case drop
  /// On to a chain, and not back.
  case goTo(chain: String)

  /// NF_DROP, NF_ACCEPT, NFT_GOTO
  private var code: Int32 {
    switch self {
    case .drop: 0
    case .accept: 1
    case .goTo: -4
    }
  }

  /// NFTA_DATA_VERDICT, and within it NFTA_VERDICT_CODE and NFTA_VERDICT_CHAIN.
  func put(into list: inout AttributeList) {
    list.put(nested: 2, flagged: true) { verdict in
      verdict.put(1, network: code)
      if case .goTo(let chain) = self { verdict.put(2, chain) }
    }
  }
}
