extension ProcessRights {
  /// launcher-stats: reads /proc and statfs. Its files are open and its sockets are made before it is confined, and
  /// what tells of machines is handed to it: it can open nothing.
  public static let stats = ProcessRights(
    name: "launcher-stats",
    capabilities: [],
    securebits: .all,
    limits: [
      noCore, noFork,
      limit(.openFiles, 65_536, because: "three for each of thousands of instances, and a few of its own"),
      limit(.fileSize, 2 * gibibyte, because: "log lines"),
    ],
    landlock: .own(files: []),
    seccomp: SeccompPolicy(
      kind: .allowList,
      rules: commonRules + [
        rule("fstatfs", because: "size of the instances' file system"),
        rule("uname", because: "host name"),
        rule("connect", because: "to the rendezvous, by sockets made before"),
      ]),
    libraries: ["libcap", "libseccomp"])
}
