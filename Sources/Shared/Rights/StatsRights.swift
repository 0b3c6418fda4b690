extension ProcessRights {
  /// launcher-stats: reads /proc and statfs. Its files are open and its sockets are made before it is confined.
  public static let stats = ProcessRights(
    name: "launcher-stats",
    capabilities: [],
    seccomp: SeccompPolicy(
      kind: .allowList,
      rules: commonRules + [
        rule("fstatfs", because: "size of the instances' file system"),
        rule("uname", because: "host name"),
        rule("connect", because: "to the rendezvous, by sockets made before"),
      ]),
    libraries: ["libcap", "libseccomp"])
}
