extension ProcessRights {
  /// launcher, the front end: starts the three processes, each of which takes its own user, restarts and stops them.
  /// Filters survive exec, so its own can only deny what none of the programs behind it may do.
  public static let frontEnd = ProcessRights(
    name: "launcher",
    // SETUID, SETGID: the processes take their users. SETPCAP: they drop their bounding sets. KILL: to stop them.
    capabilities: ["cap_setuid", "cap_setgid", "cap_setpcap", "cap_kill"],
    seccomp: SeccompPolicy(kind: .denyList, rules: neverForChildren),
    mayBeRoot: true,
    libraries: ["libcap", "libseccomp"])
}
