import Foundation

/// A node's part in tenants' networks: a network namespace with an interface that leads nowhere, whose other end stands
/// beside it.
extension Node {
  static let computeSubnet = "10.77.0.0/24"
  static let computeAddress = "10.77.0.1"
  static let concentratorAddress = "10.77.0.2"
  static let concentrator = "67d86208-b46c-4465-0000-fe14087d415f"
  private static let computeInterface = "compute0"

  func makeComputeInterface(in network: String) throws {
    for arguments in [
      ["link", "add", Self.computeInterface, "type", "veth", "peer", "name", "beyond0"],
      ["link", "set", "beyond0", "up"], ["link", "set", Self.computeInterface, "up"],
    ] { try ip(arguments) }
    try setComputeAddress(isThere: true)
  }

  /// Without its address the node has no compute network.
  func setComputeAddress(isThere: Bool) throws {
    try ip(["address", isThere ? "add" : "delete", "\(Self.computeAddress)/24", "dev", Self.computeInterface])
  }

  /// The MAC of the interface to the compute network.
  func computeMAC() throws -> String { try interfaces().first { $0.ifname == Self.computeInterface }?.address ?? "" }

  /// Addresses, routes and tables of filters of the node, without what is launcher's: its interfaces have no address.
  func networkSetUp() throws -> [String] {
    let names = Set(try devices().map(\.ifname))
    for line in try ip(["-o", "address"]).split(separator: "\n") {
      guard !names.contains(String(line.split(separator: " ")[1])) else {
        throw HarnessError("an interface of launcher's has an address: \(line)")
      }
    }
    let tables = try ChildProcess.run(Self.inNamespace(network) + ["/usr/sbin/nft", "list", "tables"])
      .split(separator: "\n").filter { !$0.contains("bridge launcher_") }.joined()
    return [try ip(["-4", "-o", "address"]), try ip(["-4", "route", "show", "table", "all"]), tables]
  }

  private static func inNamespace(_ network: String?) -> [String] {
    network.map { ["/usr/bin/nsenter", "--net=/run/netns/\($0)"] } ?? []
  }

  /// A concentrator at the other end of the compute network, in a namespace of its own, with an address in the subnet
  /// 192.168.8.0/21.
  func withConcentrator(_ body: (Concentrator) throws -> Void) throws {
    let concentrator = Concentrator(network: "\(network ?? "")-c")
    try ChildProcess.run([Self.ip, "netns", "add", concentrator.network])
    defer { _ = try? ChildProcess.run([Self.ip, "netns", "delete", concentrator.network]) }
    try ip(["link", "set", "beyond0", "netns", concentrator.network])
    for line in [
      "address add \(Self.concentratorAddress)/24 dev beyond0", "link set beyond0 up",
      // The bytes of 192.168.8.0 from their little end.
      "link add vx type vxlan id 567488 local \(Self.concentratorAddress) remote \(Self.computeAddress) dstport 4789",
      "address add \(Concentrator.address)/21 dev vx", "link set vx up",
    ] {
      try ChildProcess.run([Self.ip, "-n", concentrator.network] + line.split(separator: " ").map(String.init))
    }
    try body(concentrator)
  }

  struct Concentrator {
    static let address = "192.168.8.1"
    let network: String

    /// Runs busybox in its network.
    func run(_ arguments: String...) throws -> String {
      try ChildProcess.run(Node.inNamespace(network) + ["/bin/busybox"] + arguments)
    }
  }

  /// Takes all of launcher's interfaces away, as a reboot does.
  func removeDevices() throws {
    for device in try devices() where device.kind == "bridge" || device.kind == "vxlan" {
      try ip(["link", "delete", device.ifname])
    }
  }

  @discardableResult
  private func ip(_ arguments: [String]) throws -> String {
    guard let network else { throw HarnessError("the node has no network of its own") }
    return try ChildProcess.run([Self.ip, "-n", network] + arguments)
  }

  struct Interface: Decodable {
    struct Details: Decodable {
      let kind: String?

      private enum CodingKeys: String, CodingKey {
        case kind = "info_kind"
      }
    }

    let ifname: String
    let ifindex: Int
    let mtu: Int
    let address: String?
    let ifalias: String?
    let linkinfo: Details?

    var kind: String { linkinfo?.kind ?? "" }
  }

  private func interfaces() throws -> [Interface] {
    try JSONDecoder().decode([Interface].self, from: Data(try ip(["-j", "-d", "link", "show"]).utf8))
  }

  /// What launcher has made: every interface but loopback and the one to the compute network.
  func devices() throws -> [Interface] {
    try interfaces().filter { !["lo", Self.computeInterface, "beyond0"].contains($0.ifname) }
  }

  func devices(_ kind: String) throws -> [Interface] { try devices().filter { $0.kind == kind } }

  /// The devices of one instance.
  func devices(of instance: String) throws -> [Interface] {
    try devices().filter { $0.ifalias?.hasSuffix(instance) ?? false }
  }

  /// Executes launcher where its user may open taps, which udev sees to on a node: with a device of its own in place
  /// of this computer's, in the mount namespace that `ip netns exec` makes.
  var tunAccess: [String] {
    guard options.network != .none else { return [] }
    let device = "\(folder)/tun"
    return [
      "/bin/sh", "-c",
      "[ -e \(device) ] || { mknod \(device) c 10 200 && chmod 666 \(device); } && mount --bind \(device) /dev/net/tun"
        + " && exec \"$@\"", "sh",
    ]
  }

  /// Does for a macvtap what udev does: gives its device to launcher-vmm's user.
  func giveMacvtap(of instance: String) async throws {
    var device = ""
    try await wait("the macvtap of \(instance)") {
      guard let found = try devices(of: instance).first else { return false }
      device = "/dev/tap\(found.ifindex)"
      return exists(device)
    }
    chown(device, Self.vmmUser, Self.vmmUser)
  }
}
