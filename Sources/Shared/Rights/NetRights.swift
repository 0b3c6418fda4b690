extension ProcessRights {
  /// launcher-net: TLS, SSNTP, gob, YAML.
  public static let net = ProcessRights(
    name: "launcher-net",
    capabilities: [],
    seccomp: SeccompPolicy(
      kind: .allowList,
      rules: commonRules + [
        rule("socket", when: [argument(0, is: afInet)], because: "IPv4 connection to the scheduler"),
        rule("socket", when: [argument(0, is: afInet6)], because: "IPv6 connection to the scheduler"),
        rule("connect", because: "to the scheduler, and to the rendezvous by sockets made before"),
        rule("setsockopt", "getsockopt", because: "keep-alive, time-outs, outcome of a connect"),
        rule("getsockname", "getpeername", because: "addresses for the log"),
        rule("shutdown", because: "to end a connection that hangs"),
        rule("recvfrom", "sendto", because: "the TLS library's sockets"),
        rule("memfd_create", because: "user-data and meta-data for launcher-vmm"),
        rule("fcntl", because: "seals of these, non-blocking sockets"),
      ]),
    libraries: ["libssl", "libcrypto", "libyaml", "libcap", "libseccomp"])

  /// The child of launcher-net that resolves the scheduler's host name.
  public static let resolver = ProcessRights(
    name: "launcher-net (resolver)",
    capabilities: [],
    seccomp: SeccompPolicy(
      kind: .allowList,
      rules: commonRules + [
        rule("mmap", "mprotect", because: "name service modules are loaded on demand, code included"),
        rule(
          "openat", "open", "access", "faccessat", "faccessat2", "readlink", "stat", "statx", "getdents64",
          because: "resolver configuration, hosts, modules"),
        rule("socket", when: [argument(0, is: afInet)], because: "DNS over IPv4"),
        rule("socket", when: [argument(0, is: afInet6)], because: "DNS over IPv6"),
        rule("socket", when: [argument(0, is: afUnix)], because: "local name service daemons"),
        rule("socket", when: [argument(0, is: afNetlink)], because: "the C library orders addresses by interface"),
        rule("connect", "bind", "getsockname", "getpeername", "setsockopt", "getsockopt", because: "DNS"),
        rule("sendto", "recvfrom", "sendmmsg", "recvmmsg", "ppoll", "ioctl", because: "DNS"),
        rule(
          "fcntl", "uname", "getuid", "geteuid", "getgid", "getegid", "sysinfo", "prlimit64",
          because: "the C library's resolver and modules"),
      ]),
    libraries: net.libraries)
}

let afNetlink = 16
