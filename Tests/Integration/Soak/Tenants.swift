extension Soak {
  /// Whether these events may be all that was told of a tenant's subnet between two rests.
  ///
  /// `wasThere` and `isThere`: it had instances at the first, at the second. `mayRepeat`: launcher-vmm ended in between, and
  /// may tell again what it may not have told.
  static func mayTell(_ events: [String], _ wasThere: Bool, _ isThere: Bool, mayRepeat: Bool) -> Bool {
    var current = wasThere
    for event in events {
      let new = event == "TenantAdded"
      guard new != current || mayRepeat else { return false }
      current = new
    }
    return current == isThere
  }
}

extension Soak.Run {
  static let otherTenant = "0b"

  private func tenant(of instance: String) -> String {
    payload(of: instance).tenant
  }

  /// The tenants that have instances, as far as was known at the last rest.
  func tenantsWithMembers() -> Set<String> {
    Set(pool.filter { histories[$0]!.initial.contains { $0.exists } }.map(tenant))
  }

  /// Each tenant's subnet was told of when its first instance came and when its last one went.
  func compareTenants(since hadMembers: Set<String>, _ faults: [Soak.History.Event]) throws {
    defer { tenantEvents = [:] }
    // What was told last may be lost.
    guard kind.hasNetwork, faults.allSatisfy({ !$0.endsConnection }) else { return }
    let haveMembers = tenantsWithMembers()
    for tenant in Set(pool.map(tenant)).union(tenantEvents.keys) {
      let events = tenantEvents[tenant] ?? []
      let (was, now) = (hadMembers.contains(tenant), haveMembers.contains(tenant))
      guard Soak.mayTell(events, was, now, mayRepeat: faults.contains(.vmmEnded)) else {
        throw node.trouble(
          "tenant \(tenant) had \(was ? "" : "no ")instances, has \(now ? "" : "no "), and \(events) were told")
      }
    }
  }
}
