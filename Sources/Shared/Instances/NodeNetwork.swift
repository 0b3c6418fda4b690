/// What a node is in tenants' networks (`-network`).
public enum NodeNetwork: String, CaseIterable, Sendable {
  /// Neither: each machine has user-mode networking.
  case none
  /// A compute node: tenants' workloads, in subnets that reach other nodes by tunnels to their concentrators.
  case cn
  /// A network node: tenants' concentrators, directly on the node's compute network.
  case nn
}

/// How a subnet of a tenant reaches its concentrator (`-tunnel`).
public enum TunnelKind: String, CaseIterable, Sendable {
  case gre
  case vxlan
}

extension InstanceSpec {
  /// Why this kind of node cannot give the instance its place in its tenant's network; nil when it can.
  public func networkProblem(on node: NodeNetwork) -> String? {
    switch node {
    case .none: nil
    case .cn:
      resources.isNetworkNode
        ? "`network_node` asks for a network node; this is a compute node (-network cn)"
        : network.workloadProblem ?? containerProblem
    case .nn:
      if !resources.isNetworkNode {
        "without `network_node` it asks for a compute node; this is a network node (-network nn)"
      } else if kind == .docker {
        "a container cannot be on the compute network itself, as `network_node` asks for: `vm_type` must be qemu"
      } else {
        network.macProblem
      }
    }
  }
}

extension InstanceSpec {
  /// A machine asks its gateway for its addresses, and may be one; a container is given them, and the gateway.
  private var containerProblem: String? {
    guard kind == .docker, let subnet = network.subnet, network.privateIP == subnet.gateway else { return nil }
    return "`private_ip` is \(subnet.gateway), which a container has as the gateway of `subnet` \(subnet)"
  }
}

extension InstanceNetwork {
  fileprivate var macProblem: String? {
    guard let mac else { return "`vnic_mac` is missing" }
    return mac.isUnicast ? nil : "`vnic_mac` is \(mac), which no network card can have"
  }

  fileprivate var workloadProblem: String? {
    if let macProblem { return macProblem }
    guard concentrator != nil else { return "`concentrator_uuid` is missing" }
    guard let concentratorIP else { return "`concentrator_ip` is missing" }
    guard concentratorIP.isUnicast else { return "`concentrator_ip` is \(concentratorIP), which no node can have" }
    guard let subnet else { return "`subnet` is missing" }
    guard let privateIP else { return "`private_ip` is missing" }
    guard subnet.address == subnet.first else { return "`subnet` is \(subnet): \(subnet.normal) is meant" }
    guard subnet.hasHost(privateIP) else {
      return "`private_ip` is \(privateIP), no address for a host of `subnet` \(subnet)"
    }
    return privateIP.isUnicast ? nil : "`private_ip` is \(privateIP), which no machine can have"
  }
}

/// A part of a tenant's network that its instances on a node share: what TenantAdded and TenantRemoved are about.
public struct TenantSubnet: Equatable, Sendable, CustomStringConvertible {
  public var tenant: Identifier
  public var subnet: IPv4Subnet
  public var concentrator: Identifier
  public var concentratorIP: IPv4Address
  /// At most `InstanceNetwork.maximumKeyLength` bytes. It may be a secret: it stands in no description.
  public var key: String

  public init(
    tenant: Identifier, subnet: IPv4Subnet, concentrator: Identifier, concentratorIP: IPv4Address, key: String
  ) {
    self.tenant = tenant
    self.subnet = subnet
    self.concentrator = concentrator
    self.concentratorIP = concentratorIP
    self.key = key
  }

  /// Where the instance belongs; nil for a tenant's network node, and where START did not say it all.
  public init?(of spec: InstanceSpec) {
    let network = spec.network
    guard !spec.resources.isNetworkNode, let subnet = network.subnet, let concentrator = network.concentrator,
      let concentratorIP = network.concentratorIP
    else { return nil }
    self.init(
      tenant: spec.tenant, subnet: subnet, concentrator: concentrator, concentratorIP: concentratorIP,
      key: network.subnetKey ?? subnet.defaultKey)
  }

  /// It is the same part, whatever key and address were given with it.
  public func isSame(as other: TenantSubnet) -> Bool {
    tenant == other.tenant && subnet == other.subnet && concentrator == other.concentrator
  }

  public var description: String { "subnet \(subnet) of tenant \(tenant) at concentrator \(concentrator)" }
}

/// The scheduler's host as a network node's guest is told it: an address or a name, in characters that need no quoting.
public struct SchedulerHost: Equatable, Sendable, CustomStringConvertible {
  /// Bytes: the longest name in DNS.
  public static let maximumLength = 253

  public let text: String

  /// nil unless `text` is made of letters, digits, `.`, `-`, `_` and `:`, and begins with none of `.`, `-`, `_`.
  public init?(_ text: some StringProtocol) {
    guard (1...Self.maximumLength).contains(text.utf8.count), let first = text.utf8.first,
      !".-_".utf8.contains(first), text.utf8.allSatisfy({ Self.isAllowed($0) })
    else { return nil }
    self.text = String(text)
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: ".-_:".utf8.contains(byte)
    }
  }

  public var description: String { text }
}
