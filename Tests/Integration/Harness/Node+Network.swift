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
