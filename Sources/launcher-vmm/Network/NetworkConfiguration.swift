import Instances

/// What the network child is told by the settings.
struct NetworkConfiguration {
  /// Where instances' traffic goes; empty: by whatever interface of the node has an address.
  var computeNetworks: [IPv4Subnet]
  var tunnel: TunnelProtocol
  /// A machine may send from its own addresses alone.
  var preventsSpoofing: Bool
  var node: NodeToken
  /// Where the devices of macvtap interfaces appear.
  var devices = "/dev"
}
