import Instances
import Netlink

/// What a machine may send, as a table of nftables' bridge family:
///
/// - whatever comes in by a port of launcher's bridges never reaches this node itself, but for what is for a container
///   above a bridge;
/// - what leaves from above a bridge is a container's own;
/// - what a machine sends has its own MAC and IPv4 address, or is dropped.
struct BridgeFilter {
  private let table: FilterTable
  private let kernel: NetlinkClient

  /// Ports of bridges, and of those the ones with rules of their own.
  private static let ports = "ports"
  private static let vnics = "vnics"
  /// Addresses of containers.
  private static let containerMACs = "container_macs"
  private static let containerIPs = "container_ips"
  /// Before whatever else looks at a bridge's frames (NF_BR_PRI_NAT_DST_BRIDGED).
  private static let early: Int32 = -300

  private static let exists: Int32 = 17
  private static let notThere: Int32 = 2

  init(_ node: NodeToken, _ kernel: NetlinkClient) {
    table = FilterTable("launcher_\(node.text)")
    self.kernel = kernel
  }

  private func perform(_ requests: [NetlinkRequest], tolerating code: Int32? = nil) throws(NetlinkError) {
    try kernel.perform(FilterTable.batch(requests), tolerating: code.map { [$0] } ?? [])
  }

  /// The table with its chains: made as a whole or not at all.
  private func ensureTable() throws(NetlinkError) {
    try perform(
      [
        table.add(exclusively: true), table.addSet(Self.ports, number: 1), table.addMap(Self.vnics, number: 2),
        table.addSet(Self.containerMACs, of: .mac, number: 3), table.addSet(Self.containerIPs, of: .ipv4, number: 4),
        table.addChain("from_machines", at: .preRouting, priority: Self.early),
        table.addRule([.inputInterface, .decide(byMap: Self.vnics)], to: "from_machines"),
        table.addChain("to_node", at: .localInput, priority: Self.early),
      ] + Self.rulesToNode.map { table.addRule($0, to: "to_node") } + [
        table.addChain("from_containers", at: .localOutput, priority: Self.early)
      ] + Self.rulesFromContainers.map { table.addRule($0, to: "from_containers") }, tolerating: Self.exists)
  }

  /// A container gets its frames through the node's end of the bridge: those to its MAC, and the question who has its IP.
  /// All other broadcasts and multicasts would reach the node as well.
  private static let rulesToNode: [[FilterExpression]] = [
    [.inputInterface, .lookUp(set: ports)] + [
      .fetch(.ethernet, offset: 0, count: 6), .lookUp(set: containerMACs), .accept,
    ],
    [.inputInterface, .lookUp(set: ports)] + [
      .bytes(.ethernet, offset: ethernetType, is: arp),
      // The address that is asked for, in ARP for Ethernet and IPv4.
      .fetch(.network, offset: 24, count: 4), .lookUp(set: containerIPs), .accept,
    ],
    [.inputInterface, .lookUp(set: ports), .count, .drop],
  ]

  /// The node itself has nothing to say in a tenant's network.
  private static let rulesFromContainers: [[FilterExpression]] = {
    let own: [FilterExpression] = [
      .outputInterface, .lookUp(set: ports), .fetch(.ethernet, offset: ethernetSource, count: 6),
      .lookUp(set: containerMACs),
    ]
    return [
      own + [
        .bytes(.ethernet, offset: ethernetType, is: arp), .fetch(.network, offset: 8, count: 6),
        .lookUp(set: containerMACs), .fetch(.network, offset: 14, count: 4), .lookUp(set: containerIPs), .accept,
      ],
      own + [
        .bytes(.ethernet, offset: ethernetType, is: ipv4), .fetch(.network, offset: 12, count: 4),
        .lookUp(set: containerIPs), .accept,
      ],
      [.outputInterface, .lookUp(set: ports), .count, .drop],
    ]
  }()

  /// These are the containers, and no others. Said again, it replaces what was said before.
  func admit(_ containers: [ContainerAddresses]) throws(NetlinkError) {
    try ensureTable()
    // Two in different segments may have the same.
    let macs = Set(containers.map(\.mac)).map { table.add($0.bytes, to: Self.containerMACs) }
    let ips = Set(containers.map(\.ip)).map { table.add(Self.bytes($0), to: Self.containerIPs) }
    try perform(
      [table.removeElements(of: Self.containerMACs), table.removeElements(of: Self.containerIPs)] + macs + ips)
  }

  private static func bytes(_ ip: IPv4Address) -> [UInt8] { withUnsafeBytes(of: ip.value.bigEndian) { Array($0) } }

  /// Keeps what comes in by this port away from the node.
  func guardNode(from port: String) throws(NetlinkError) {
    try ensureTable()
    try perform([table.add(port, to: Self.ports)])
  }

  /// Lets a machine send by this port from its own addresses alone. Said again, it replaces what was said before.
  func bind(_ port: String, to mac: MACAddress, _ ip: IPv4Address) throws(NetlinkError) {
    let rules = Self.rules(mac, ip).map { table.addRule($0, to: port) }
    try perform(
      [table.addChain(port), table.removeRules(of: port)] + rules + [
        table.add(port, to: Self.vnics, .goTo(chain: port))
      ])
  }

  /// All of it; nothing there is in order.
  func remove() throws(NetlinkError) { try perform([table.remove()], tolerating: Self.notThere) }

  /// Forgets a port; one that is not known is in order.
  func forget(_ port: String) throws(NetlinkError) {
    try perform([table.remove(port, from: Self.ports)], tolerating: Self.notThere)
    try perform(
      [table.remove(port, from: Self.vnics), table.removeRules(of: port), table.removeChain(port)],
      tolerating: Self.notThere)
  }

  // MARK: what a machine may send

  private static let ethernetSource: UInt32 = 6
  private static let ethernetType: UInt32 = 12
  private static let ipv4: [UInt8] = [0x08, 0x00]
  private static let arp: [UInt8] = [0x08, 0x06]
  private static let udp: [UInt8] = [17]

  /// Each a rule; the last is reached by what none accepts: other protocols (IPv6 among them, of which a payload gives
  /// no address), VLAN tags, and other addresses.
  static func rules(_ mac: MACAddress, _ ip: IPv4Address) -> [[FilterExpression]] {
    let address = bytes(ip)
    return [
      [.bytesDiffer(.ethernet, offset: ethernetSource, from: mac.bytes), .count, .drop],
      [
        .bytes(.ethernet, offset: ethernetType, is: arp),
        // Sender of an ARP packet for Ethernet and IPv4: both addresses, one behind the other.
        .bytes(.network, offset: 8, is: mac.bytes + address), .accept,
      ],
      [.bytes(.ethernet, offset: ethernetType, is: ipv4), .bytes(.network, offset: 12, is: address), .accept],
      // A DHCP client has no address yet: from 0.0.0.0 to everybody, UDP from port 68 to 67.
      [
        .bytes(.ethernet, offset: ethernetType, is: ipv4), .bytes(.network, offset: 9, is: udp),
        .bytes(.network, offset: 12, is: [0, 0, 0, 0, 255, 255, 255, 255]),
        .bytes(.transport, offset: 0, is: [0, 68, 0, 67]), .accept,
      ],
      [.count, .drop],
    ]
  }
}
