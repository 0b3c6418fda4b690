import Instances

/// What the node counts of its instances, kept up to date with each change of one.
struct Census {
  /// What one instance is counted as.
  struct Share: Equatable {
    var exists = false
    var isRunning = false
    /// nil when it is neither there nor being made.
    var promise: Promise?
    /// nil when it is not there, or belongs nowhere.
    var subnet: TenantSubnet?
  }

  /// What makes subnets the same (`TenantSubnet.isSame`).
  private struct SubnetKey: Hashable {
    let tenant: Identifier
    let subnet: String
    let concentrator: Identifier

    init(_ subnet: TenantSubnet) {
      (tenant, concentrator) = (subnet.tenant, subnet.concentrator)
      self.subnet = subnet.subnet.description
    }
  }

  private(set) var running = 0
  /// Of those that are there.
  private(set) var promised = Promises()
  /// Also of those that are being made.
  private(set) var promisedOrReserved = Promises()
  private var members: [SubnetKey: Int] = [:]

  /// Instances that are there.
  var present: Int { promised.count }

  mutating func change(from old: Share, to new: Share) {
    running += (new.isRunning && new.exists ? 1 : 0) - (old.isRunning && old.exists ? 1 : 0)
    if let promise = old.promise { promisedOrReserved.remove(promise) }
    if let promise = new.promise { promisedOrReserved.add(promise) }
    if old.exists, let promise = old.promise { promised.remove(promise) }
    if new.exists, let promise = new.promise { promised.add(promise) }
    if old.subnet != new.subnet {
      if let subnet = old.subnet { count(subnet, -1) }
      if let subnet = new.subnet { count(subnet, 1) }
    }
  }

  private mutating func count(_ subnet: TenantSubnet, _ difference: Int) {
    let key = SubnetKey(subnet)
    let count = members[key, default: 0] + difference
    members[key] = count == 0 ? nil : count
  }

  /// How many instances are in a tenant's subnet.
  func members(of subnet: TenantSubnet) -> Int { members[SubnetKey(subnet), default: 0] }
}
