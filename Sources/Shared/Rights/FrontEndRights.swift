extension ProcessRights {
  /// launcher, the front end: starts the three processes, each of which takes its own user, restarts and stops them.
  /// Filters and domains survive exec, so its own can only deny what none of the programs behind it may do.
  public static let frontEnd = ProcessRights(
    name: "launcher",
    // SETUID, SETGID: the processes take their users. SETPCAP: they drop their bounding sets. KILL: to stop them.
    // NET_ADMIN: launcher-vmm's network child keeps it, and could not have what the front end has not.
    capabilities: ["cap_setuid", "cap_setgid", "cap_setpcap", "cap_kill", "cap_net_admin"],
    // The programs behind it begin as root and need their capabilities to become somebody else.
    securebits: [.noKeepCapabilities, .noAmbientRaise],
    limits: [noCore],
    landlock: .none(
      because: "it would hold for everything behind it, and who is in a domain cannot look at processes outside: the"
        + " machines of an earlier launcher"),
    seccomp: SeccompPolicy(kind: .denyList, rules: neverForChildren),
    mayBeRoot: true,
    libraries: ["libcap", "libseccomp"])

  /// The same for a node without tenants' networks, where no process of launcher administers any.
  public var withoutNetworks: ProcessRights {
    var rights = self
    rights.capabilities.removeAll { $0 == "cap_net_admin" }
    return rights
  }
}
