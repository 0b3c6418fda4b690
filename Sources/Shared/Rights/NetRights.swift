extension ProcessRights {
  /// launcher-net: TLS, SSNTP, gob, YAML. Its certificates are read and its UUID is stored before it is confined.
  public static let net = ProcessRights(
    name: "launcher-net",
    capabilities: [],
    securebits: .all,
    limits: [
      noCore, noFork,
      limit(.openFiles, 2048, because: "user-data and meta-data of every START in hand, and a few of its own"),
      limit(.fileSize, 2 * gibibyte, because: "log lines and memory files"),
    ],
    landlock: .own(files: [], connect: .schedulers),
    seccomp: SeccompPolicy(
      kind: .allowList,
      rules: commonRules + [
        rule(
          "socket", when: [argument(0, is: afInet), argument(1, is: sockStream | sockFlags), argument(2, is: 0)],
          because: "IPv4 connection to the scheduler; " + noOtherProtocol),
        rule(
          "socket", when: [argument(0, is: afInet6), argument(1, is: sockStream | sockFlags), argument(2, is: 0)],
          because: "IPv6 connection to the scheduler; " + noOtherProtocol),
        rule("connect", because: "to the scheduler, and to the rendezvous by sockets made before"),
        rule("setsockopt", when: [argument(1, is: solSocket), argument(2, is: soKeepAlive)], because: "keep-alive"),
      ] + tcpOptions + [
        rule(
          "getsockopt", when: [argument(1, is: solSocket), argument(2, is: soError)], because: "outcome of a connect"),
        rule("shutdown", because: "to end a connection that hangs"),
        rule("recvfrom", because: "the TLS connection's socket"),
        rule(
          "sendto", when: [argument(3, hasNone: msgFastOpen)],
          because: "the TLS connection's socket; " + noFastOpen),
        rule("memfd_create", because: "user-data and meta-data for launcher-vmm"),
        rule("fcntl", when: [argument(1, is: fAddSeals)], because: "to seal these"),
        rule("fcntl", when: [argument(1, is: fGetFlags)], because: "non-blocking sockets"),
        rule("fcntl", when: [argument(1, is: fSetFlags)], because: "non-blocking sockets"),
      ]),
    libraries: ["libssl", "libcrypto", "libyaml", "libcap", "libseccomp"])

  /// The child of launcher-net that resolves the scheduler's host name.
  public static let resolver = ProcessRights(
    name: "launcher-net (resolver)",
    capabilities: [],
    securebits: .all,
    limits: [
      noCore, noFork,
      limit(.openFiles, 64, because: "a socket for each name server, a file or module at a time"),
      limit(.fileSize, 2 * gibibyte, because: "log lines"),
    ],
    landlock: .own(
      files: dynamicLoader
        + NameService.files.flatMap { allow(.readFile, .path($0), because: "name service configuration") }
        + NameService.folders.flatMap {
          allow(.read, .path($0), because: "where /etc/resolv.conf may lead: a service that writes it")
        }
        + allow(.readFile, .path("/etc/localtime"), because: "time in log lines"),
      // DNS goes by UDP, which Landlock does not govern, and by TCP where an answer is long.
      connect: .only([53])),
    seccomp: SeccompPolicy(
      kind: .allowList,
      rules: commonRules + [
        rule(
          "mmap", "mprotect", when: [argument(2, hasNone: protWrite)],
          because: "name service modules are loaded on demand, code included; never writable and executable"),
        rule(
          "openat", "open", "access", "faccessat", "faccessat2", "readlink", "stat", "statx", "getdents64",
          because: "resolver configuration, hosts, modules"),
        rule(
          "socket",
          when: [argument(0, is: afInet), argument(1, masked: sockTypeMask, is: sockDatagram), argument(2, is: 0)],
          because: "DNS over IPv4"),
        rule(
          "socket",
          when: [argument(0, is: afInet6), argument(1, masked: sockTypeMask, is: sockDatagram), argument(2, is: 0)],
          because: "DNS over IPv6"),
        rule(
          "socket",
          when: [argument(0, is: afInet), argument(1, masked: sockTypeMask, is: sockStream), argument(2, is: 0)],
          because: "DNS over TCP; " + noOtherProtocol),
        rule(
          "socket",
          when: [argument(0, is: afInet6), argument(1, masked: sockTypeMask, is: sockStream), argument(2, is: 0)],
          because: "DNS over TCP; " + noOtherProtocol),
        rule(
          "socket", when: [argument(0, is: afUnix)], failing: eAddressFamilyNotSupported,
          because: "local name service daemons are done without"),
        rule(
          "socket", when: [argument(0, is: afNetlink)], failing: eAddressFamilyNotSupported,
          because: "the C library asks which addresses this node has, and takes it for both families without"),
        rule("connect", "bind", "getsockname", "getpeername", "getsockopt", because: "DNS"),
        rule(
          "setsockopt", when: [argument(1, is: solIP), argument(2, is: ipReceiveErrors)],
          because: "that no name server is there is heard at once"),
        rule(
          "setsockopt", when: [argument(1, is: solIPv6), argument(2, is: ipv6ReceiveErrors)],
          because: "the same over IPv6"),
        rule("recvfrom", "recvmmsg", "ppoll", because: "DNS"),
        rule("sendto", "sendmmsg", when: [argument(3, hasNone: msgFastOpen)], because: "DNS; " + noFastOpen),
        rule("ioctl", when: [argument(1, is: fionread)], because: "the size of an answer"),
        rule("fcntl", when: [argument(1, is: fGetFlags)], because: "non-blocking sockets"),
        rule("fcntl", when: [argument(1, is: fSetFlags)], because: "non-blocking sockets"),
        rule("fcntl", when: [argument(1, is: fSetDescriptorFlags)], because: "close-on-exec"),
        rule("fcntl", when: [argument(1, is: 1)], because: "close-on-exec"),
        rule(
          "uname", "getuid", "geteuid", "getgid", "getegid", "sysinfo",
          because: "the C library's resolver and modules"),
        rule("prlimit64", when: [argument(0, is: 0)], because: "the C library asks for the size of the stack"),
      ]),
    libraries: net.libraries)
}

private let noOtherProtocol = "not by MPTCP or SCTP, whose ports Landlock does not govern"

/// Each by its number: one of them (TCP_ULP) would make the socket one of another protocol.
private let tcpOptions = [
  tcpNoDelay, tcpKeepIdle, tcpKeepInterval, tcpKeepCount, tcpUserTimeout,
].map {
  rule("setsockopt", when: [argument(1, is: ipProtoTCP), argument(2, is: $0)], because: "time-outs, no delay")
}

/// Files of the C library's name service.
public enum NameService {
  public static let files = [
    "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
    "/etc/protocols",
  ]
  public static let folders = ["/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/connman"]
}
