import AsyncLoop
import Channel
import Glog
import Instances
import Payloads
import Settings

/// Carries out what the scheduler's configuration says, beside what this node's operator decided, who has the last word.
///
/// The configuration is always the whole of it: what the newest one does not say is as the options have it.
@LoopActor final class Configurator {
  /// What can change while this process runs.
  struct Effects: Equatable {
    /// What STATS names.
    var interfaces: [NodeInterfaces.Address]
    var tracesFrames: Bool
    var limits = ConfiguredLimits()
  }

  private let options: Settings
  /// All of this node's.
  private let interfaces: [NodeInterfaces.Address]
  private var configuration = NodeConfiguration()
  private(set) var effects: Effects
  var onChange: ((Effects) -> Void)?

  init(_ options: Settings, interfaces: [NodeInterfaces.Address]) {
    self.options = options
    self.interfaces = interfaces
    effects = Effects(
      interfaces: NodeInterfaces.within(options.computeNetworks, of: interfaces), tracesFrames: options.tracesFrames)
  }

  /// Takes a payload. One that cannot be used changes nothing: false.
  func take(_ payload: [UInt8]) -> Bool {
    do {
      try use(parseConfiguration(payload))
      return true
    } catch {
      log.error("the scheduler's configuration is not used: \(error)")
      return false
    }
  }

  private func use(_ new: NodeConfiguration) throws(ConfigurationError) {
    guard new != configuration else { return }
    try requireInterfaces(of: new)
    configuration = new
    for note in notes { log.warning("the scheduler's configuration: \(note)") }
    let before = effects
    effects.interfaces = NodeInterfaces.within(computeNetworks, of: interfaces)
    effects.tracesFrames = options.isGiven("trace") ? options.tracesFrames : new.tracesFrames ?? options.tracesFrames
    effects.limits = ConfiguredLimits(memory: new.limitsMemory, disk: new.limitsDisk)
    log.info("the scheduler's configuration is used: \(summary)")
    if effects != before { onChange?(effects) }
  }

  private var computeNetworks: [IPv4Subnet] {
    options.isGiven("compute-net") ? options.computeNetworks : configuration.computeNetworks ?? options.computeNetworks
  }

  /// What must be there at the start must be there later.
  private func requireInterfaces(of new: NodeConfiguration) throws(ConfigurationError) {
    guard options.network != .none else { return }
    for (key, option, subnets) in [
      ("compute_net", "compute-net", new.computeNetworks), ("mgmt_net", "mgmt-net", new.managementNetworks),
    ] {
      guard let subnets, !options.isGiven(option), NodeInterfaces.within(subnets, of: interfaces).isEmpty else {
        continue
      }
      throw ConfigurationError("\(key): this node has no interface with an address in \(Self.text(subnets))")
    }
  }

  /// What is said and not done, and what to do for it.
  private var notes: [String] {
    var notes: [String] = []
    func settled(_ option: String, _ key: String, _ differs: Bool) -> Bool {
      guard options.isGiven(option) else { return false }
      if differs { notes.append("\(key) is not used, because -\(option) was given; leave that away for it to count") }
      return true
    }
    if let subnets = configuration.computeNetworks,
      !settled("compute-net", "compute_net", subnets != options.computeNetworks)
    {
      let found = NodeInterfaces.within(subnets, of: interfaces)
      if options.network != .none, found != NodeInterfaces.within(options.computeNetworks, of: interfaces) {
        notes.append(
          "compute_net: instances' traffic stays on the interface that launcher began with; start it with"
            + " -compute-net=\(Self.text(subnets)) to move it")
      } else if found.isEmpty {
        notes.append("compute_net: no interface has an address in \(Self.text(subnets)), so STATS names none")
      }
    }
    if let subnets = configuration.managementNetworks {
      _ = settled("mgmt-net", "mgmt_net", subnets != options.managementNetworks)
    }
    if let traces = configuration.tracesFrames { _ = settled("trace", "trace", traces != options.tracesFrames) }
    if let user = configuration.childUser, user != options.vmmUser,
      !settled("vmm-user", "child_user", true)
    {
      notes.append(
        "child_user: machines run as the user that launcher-vmm began with (-vmm-user=\(options.vmmUser)); start"
          + " launcher with -vmm-user=\(user), or give launcher-vmm's unit User=\(user)")
    }
    return notes
  }

  private var summary: String {
    let settings: [(String, String?)] = [
      ("compute_net", configuration.computeNetworks.map(Self.text)),
      ("mgmt_net", configuration.managementNetworks.map(Self.text)),
      ("mem_limit", configuration.limitsMemory.map { "\($0)" }),
      ("disk_limit", configuration.limitsDisk.map { "\($0)" }),
      ("child_user", configuration.childUser), ("trace", configuration.tracesFrames.map { "\($0)" }),
    ]
    let said = settings.compactMap { name, value in value.map { "\(name) \($0)" } }
    return said.isEmpty ? "it says nothing of this node" : said.joined(separator: "; ")
  }

  private static func text(_ subnets: [IPv4Subnet]) -> String { subnets.map(\.description).joined(separator: ",") }
}
