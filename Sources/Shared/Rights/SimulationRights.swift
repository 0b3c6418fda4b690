extension ProcessRights {
  /// launcher-vmm's manager with `-simulation`: what the manager has, without all that is for machines and containers.
  public static let simulation: ProcessRights = {
    var rights = manager
    rights.seccomp.rules.removeAll { rule in
      !callsForMachines.isDisjoint(with: rule.names)
        || rule.names == ["socket"] && rule.conditions.contains(argument(1, is: sockStream | sockFlags))
    }
    rights.seccomp.rules.append(rule("accept4", because: "rendezvous"))
    if case .domain(var policy) = manager.landlock {
      policy.files.removeAll { $0.place != .instances }
      rights.landlock = .domain(policy)
    }
    return rights
  }()

  /// Calls of the manager's that only machines, tools and containers need; accept4 stands beside bind.
  private static let callsForMachines: Set = [
    "bind", "setsockopt", "sendto", "mknodat", "geteuid", "pipe2", "pidfd_open", "pidfd_send_signal",
  ]
}
