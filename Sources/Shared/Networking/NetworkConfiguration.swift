public import Instances
public import Settings

/// What the network child is told by the settings.
public struct NetworkConfiguration {
  /// Where instances' traffic goes; empty: by whatever interface of the node has an address.
  var computeNetworks: [IPv4Subnet]
  var tunnel: TunnelProtocol
  /// A machine may send from its own addresses alone.
  var preventsSpoofing: Bool
  var node: NodeToken
  /// Where the devices of macvtap interfaces appear.
  var devices = "/dev"

  public init(
    computeNetworks: [IPv4Subnet], tunnel: TunnelProtocol, preventsSpoofing: Bool, node: NodeToken,
    devices: String = "/dev"
  ) {
    self.computeNetworks = computeNetworks
    self.tunnel = tunnel
    self.preventsSpoofing = preventsSpoofing
    self.node = node
    self.devices = devices
  }
}

extension NetworkConfiguration {
  /// As the operator decided.
  public init(_ options: Settings) {
    let tunnel: TunnelProtocol =
      switch options.tunnel {
      case .gre: .gre
      case .vxlan: .vxlan
      }
    self.init(
      computeNetworks: options.computeNetworks, tunnel: tunnel, preventsSpoofing: options.preventsSpoofing,
      node: NodeToken(stateFolder: options.stateFolder))
  }
}
