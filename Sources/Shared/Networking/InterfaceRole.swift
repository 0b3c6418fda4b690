import Instances

/// What a container has on its segment's bridge.
struct ContainerAddresses: Hashable {
  let mac: MACAddress
  let ip: IPv4Address
}

/// What an interface of launcher's is for.
enum InterfaceRole: Hashable {
  case bridge(Segment)
  case tunnel(Segment)
  /// A machine's end on a segment's bridge.
  case vnic(Segment, Identifier)
  /// Says that a container is on a segment's bridge, and with which addresses: the container's own end is in a network
  /// namespace of the engine's, where launcher neither sees nor labels it. It is never up.
  case container(Segment, Identifier, ContainerAddresses)
  /// A tenant's network node directly on the compute network.
  case direct(tenant: Identifier, Identifier)

  /// The segment whose bridge it is or belongs to.
  var segment: Segment? {
    switch self {
    case .bridge(let segment), .tunnel(let segment), .vnic(let segment, _), .container(let segment, _, _): segment
    case .direct: nil
    }
  }

  /// The instance whose alone it is.
  var instance: Identifier? {
    switch self {
    case .bridge, .tunnel: nil
    case .vnic(_, let instance), .direct(_, let instance), .container(_, let instance, _): instance
    }
  }

  /// What the kernel may call the kind of such an interface.
  var kinds: Set<String> {
    switch self {
    case .bridge: ["bridge"]
    case .tunnel: TunnelProtocol.kinds
    case .vnic: ["tun"]
    case .container: ["macvlan"]
    case .direct: ["macvtap"]
    }
  }

  var prefix: String {
    switch self {
    case .bridge: TenantBridge.prefix
    case .tunnel: "lt"
    case .vnic, .direct, .container: "lv"
    }
  }
}

/// Which launcher's an interface is, and what for, as its alias says it: the kernel keeps all that a launcher has to
/// find again after a crash. For people it reads as
///
///     launcher 5d1e00c4 vnic TENANT 192.168.8.0/21 10.0.0.5 CONCENTRATOR INSTANCE
struct InterfaceAlias: Hashable {
  let node: NodeToken
  let role: InterfaceRole

  private static let mark = "launcher"

  /// Within the kernel's limit as long as tenant, concentrator and instance have at most 146 bytes together; UUIDs
  /// have 108.
  var text: String {
    let words: [String] =
      switch role {
      case .bridge(let segment): ["bridge"] + segment.words
      case .tunnel(let segment): ["tunnel"] + segment.words
      case .vnic(let segment, let instance): ["vnic"] + segment.words + [instance.text]
      case .container(let segment, let instance, let addresses):
        ["container"] + segment.words + [addresses.mac.description, addresses.ip.description, instance.text]
      case .direct(let tenant, let instance): ["direct", tenant.text, instance.text]
      }
    return ([Self.mark, node.text] + words).joined(separator: " ")
  }

  init(_ node: NodeToken, _ role: InterfaceRole) {
    self.node = node
    self.role = role
  }

  /// nil for whatever no launcher wrote.
  init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count >= 3, words[0] == Self.mark, let node = NodeToken(text: words[1]),
      let role = InterfaceRole(kind: words[2], Array(words.dropFirst(3)))
    else { return nil }
    self.init(node, role)
  }
}

extension Segment {
  fileprivate static let wordCount = 4

  fileprivate var words: [String] {
    [tenant.text, subnet.description, concentratorIP.description, concentrator.text]
  }

  fileprivate init?(_ words: ArraySlice<Substring>) {
    let words = Array(words)
    guard words.count == Self.wordCount, let tenant = Identifier(words[0]), let subnet = IPv4Subnet(words[1]),
      let concentratorIP = IPv4Address(words[2]), let concentrator = Identifier(words[3])
    else { return nil }
    self.init(tenant: tenant, subnet: subnet, concentrator: concentrator, concentratorIP: concentratorIP)
  }
}

extension InterfaceRole {
  fileprivate init?(kind: Substring, _ words: [Substring]) {
    switch kind {
    case "bridge", "tunnel":
      guard let segment = Segment(words[...]) else { return nil }
      self = kind == "bridge" ? .bridge(segment) : .tunnel(segment)
    case "vnic":
      guard words.count == Segment.wordCount + 1, let segment = Segment(words.dropLast()),
        let instance = words.last.flatMap({ Identifier($0) })
      else { return nil }
      self = .vnic(segment, instance)
    case "container":
      guard words.count == Segment.wordCount + 3, let segment = Segment(words.dropLast(3)),
        let mac = MACAddress(words[Segment.wordCount]), let ip = IPv4Address(words[Segment.wordCount + 1]),
        let instance = words.last.flatMap({ Identifier($0) })
      else { return nil }
      self = .container(segment, instance, ContainerAddresses(mac: mac, ip: ip))
    case "direct":
      guard words.count == 2, let tenant = Identifier(words[0]), let instance = Identifier(words[1]) else { return nil }
      self = .direct(tenant: tenant, instance)
    default: return nil
    }
  }
}
