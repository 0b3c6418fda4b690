import Glibc

/// One process of the design's table: what it must not be able to do, with what becomes of the attempt, and what it
/// must be able to do.
struct Row: CustomStringConvertible, Sendable {
  let process: String
  let forbidden: [(outcome: Outcome, attempts: [String])]
  let allowed: [String]

  var description: String { process }

  /// Attempts that only root could make anyway; their control is made as root.
  static let privileged: Set = [
    "read-shadow", "trace", "read-memory", "open-memory", "become-another-user", "mount",
    "write-proc", "load-module", "load-bpf-program", "packet-socket", "watch-page-faults", "make-user-namespace",
    "enter-user-namespace", "make-device-beside-own-disk",
  ]
  /// Attempts with arguments that the kernel refuses once it looks at them: their control fails, but differently.
  static let refusedByArguments: Set = [
    "load-module", "load-bpf-program", "read-memory", "make-io-ring", "watch-page-faults", "read-key-ring",
    "control-other-device", "multipath-socket", "tcp-of-another-protocol",
  ]

  private static let killed = Outcome.killed(SIGSYS)

  private static let kernelSurface = [
    "mount", "load-module", "load-bpf-program", "read-key-ring", "make-io-ring", "watch-page-faults",
    "make-user-namespace", "enter-user-namespace",
  ]
  private static let otherProcesses = [
    "trace", "read-memory", "signal", "signal-thread", "signal-by-pidfd", "limit-other", "renice-other", "pin-other",
  ]
  private static let execution = ["execute-program", "execute-shell", "start-process"]
  private static let attributes = ["chmod-other-disk", "touch-other-disk"]
  private static let memory = ["write-and-execute", "make-executable"]
  private static let identity = ["become-another-user"]
  private static let opening = [
    "read-outside", "write-outside", "create-outside", "read-shadow", "read-users", "open-memory",
    "read-proc", "write-proc",
  ]
  private static let sockets = ["netlink-socket", "packet-socket", "unix-socket", "unix-pair", "udp-socket"]

  /// What no allow-list lets pass.
  private static let everyAllowList =
    kernelSurface + otherProcesses + execution + attributes + identity + ["write-and-execute"]

  /// What it opens it opens for reading and writing; its sockets were made before.
  private static func network(_ process: String) -> Row {
    Row(
      process: process,
      forbidden: [
        (
          killed,
          everyAllowList + sockets + opening.filter { $0 != "open-memory" } + [
            "make-executable", "bind-port", "connect-configured-port", "raise-core-limit", "control-other-device",
            "read-backing-image", "list-instances",
          ]
        ),
        (.failed(EACCES), ["open-memory", "write-own-disk"]),
      ],
      allowed: [])
  }

  private static func manager(_ process: String, forbidden: [String] = [], allowed: [String] = []) -> Row {
    Row(
      process: process,
      forbidden: [
        (
          killed,
          everyAllowList + [
            "make-executable", "netlink-socket", "packet-socket", "udp-socket", "unix-pair", "bind-port",
            "connect-configured-port", "raise-core-limit", "make-device-beside-own-disk",
          ]
        ),
        (
          .failed(EACCES),
          [
            "read-outside", "write-outside", "create-outside", "read-shadow", "read-users", "open-memory",
            "write-proc", "write-backing-image", "open-memory-figures", "read-limits", "list-volumes", "create-volume",
            "read-ceph-configuration", "read-ceph-key",
          ] + forbidden
        ),
        (.failed(EPERM), ["connect-abstract-socket"]),
      ],
      allowed: [
        "read-backing-image", "list-instances", "write-own-disk", "create-beside-own-disk",
        "make-pipe-beside-own-disk", "read-proc", "connect-socket", "connect-other-monitor", "limit-machine",
      ] + allowed)
  }

  private static func qemu(
    _ process: String, outcomes: [(outcome: Outcome, attempts: [String])], allowed: [String] = []
  ) -> Row {
    Row(
      process: process,
      forbidden: [
        (
          .failed(EACCES),
          ["execute-program", "execute-shell"] + reading + [
            "write-backing-image", "read-other-image", "list-instances", "write-volume", "write-own-config-drive",
            "read-own-state",
            "write-own-state", "create-beside-own-disk", "make-pipe-beside-own-disk", "read-other-disk",
            "write-other-disk", "truncate-other-disk",
            "create-beside-other-disk", "create-in-staging", "limit-machine", "netlink-socket", "unix-socket",
            "packet-socket",
            "connect-socket", "connect-other-monitor", "connect-abstract-socket", "bind-port",
            "connect-configured-port", "udp-socket", "unix-pair",
          ]
        ),
        (
          .failed(EPERM),
          deniedToPrograms + attributes + [
            "start-process", "stay-in-session", "take-other-mac", "take-other-mac-with-more-bits", "let-tap-go",
          ]
        ),
        (.failed(ENOSYS), ["make-io-ring"]),
        (.failed(ENOENT), ["read-secret-in-environment"]),
        (.failed(EBADF), ["use-inherited-descriptor"]),
      ] + outcomes,
      allowed: ["write-own-disk", "read-backing-image", "read-own-config-drive", "make-executable"] + allowed)
  }

  static let all: [Row] = [
    Row(
      process: "net",
      forbidden: [
        (
          killed,
          everyAllowList + opening + sockets + [
            "make-executable", "bind-port", "write-own-disk", "raise-core-limit", "connect-by-fast-open",
            "multipath-socket", "tcp-of-another-protocol",
          ]
        ),
        (.failed(EACCES), ["connect-other-port"]),
      ],
      allowed: ["connect-configured-port"]),
    Row(
      process: "resolver",
      forbidden: [
        (
          killed,
          everyAllowList + [
            "packet-socket", "unix-pair", "connect-by-fast-open", "multipath-socket", "tcp-of-another-protocol",
          ]
        ),
        (
          .failed(EACCES),
          [
            "read-outside", "write-outside", "create-outside", "read-shadow", "read-users", "open-memory", "read-proc",
            "write-proc", "connect-other-port", "connect-configured-port", "bind-port",
          ]
        ),
        (.failed(EAFNOSUPPORT), ["netlink-socket", "unix-socket"]),
        (.failed(EPERM), ["raise-core-limit"]),
      ],
      allowed: ["read-hosts", "dns-sockets"]),
    Row(
      process: "stats",
      forbidden: [
        (
          killed,
          everyAllowList + opening + sockets + [
            "make-executable", "bind-port", "connect-configured-port", "raise-core-limit",
          ]
        )
      ],
      allowed: []),
    Row(
      process: "observer",
      forbidden: [
        (
          killed,
          everyAllowList + sockets + [
            "make-executable", "bind-port", "connect-configured-port", "raise-core-limit", "write-outside",
            "create-outside", "open-memory", "write-proc", "write-own-disk", "limit-machine",
          ]
        ),
        (.failed(EACCES), ["read-shadow"]),
      ],
      allowed: ["open-memory-figures", "read-proc"]),
    network("network"),
    network("network-of-network-node"),
    manager("manager", forbidden: ["write-volume"]),
    manager("manager-with-volumes", allowed: ["write-volume"]),
    // What the manager may do for machines kills it.
    Row(
      process: "simulation",
      forbidden: [
        (
          killed,
          everyAllowList + sockets + [
            "make-executable", "bind-port", "raise-core-limit", "make-device-beside-own-disk",
            "make-pipe-beside-own-disk", "connect-socket", "connect-other-monitor",
          ]
        ),
        (.failed(EACCES), opening + ["read-backing-image", "limit-machine"]),
      ],
      allowed: ["list-instances", "write-own-disk", "create-beside-own-disk"]),
    Row(
      process: "spawner",
      forbidden: [
        (
          .failed(EACCES),
          ["execute-program", "execute-shell", "limit-machine", "write-volume"] + reading
            + ["netlink-socket", "unix-socket"]
        ),
        (.failed(EPERM), deniedToPrograms + attributes),
        (.failed(ENOSYS), ["make-io-ring"]),
        (
          .failed(EACCES),
          ["write-backing-image", "bind-port", "connect-other-port", "packet-socket", "udp-socket", "unix-pair"]
        ),
      ],
      allowed: ["start-process", "read-backing-image", "write-own-disk"]),
    Row(
      process: "containers",
      forbidden: [
        (
          .failed(EACCES),
          ["execute-program", "execute-shell"] + reading + everySocketButUnixStreams + [
            "bind-port", "connect-other-port", "read-backing-image", "write-backing-image", "list-instances",
            "write-own-disk",
          ]
        ),
        (.failed(EPERM), deniedToPrograms + attributes + ["connect-abstract-socket"]),
        (.failed(ENOSYS), ["make-io-ring"]),
      ],
      allowed: ["start-process", "unix-socket", "connect-socket"]),
    Row(
      process: "docker",
      forbidden: [
        (
          .failed(EACCES),
          ["execute-program", "execute-shell"] + reading + everySocketButUnixStreams + [
            "bind-port", "connect-other-port", "read-backing-image", "list-instances", "read-other-disk",
            "write-other-disk", "truncate-other-disk", "read-own-state", "create-in-staging", "link-in-staging",
          ]
        ),
        (
          .failed(EPERM),
          deniedToPrograms + attributes + ["connect-abstract-socket", "start-process", "stay-in-session"]
        ),
        (.failed(ENOSYS), ["make-io-ring"]), (.failed(ENOENT), ["read-secret-in-environment"]),
        (.failed(EBADF), ["use-inherited-descriptor"]),
      ],
      allowed: ["unix-socket", "connect-socket"]),
    qemu("qemu", outcomes: [(.failed(EACCES), ["talk-to-socket", "read-fonts", "connect-ceph-ports"] + ofCeph)]),
    qemu(
      "qemu-with-rbd",
      outcomes: [(.failed(EACCES), ["talk-to-socket", "read-fonts"] + besideCeph)],
      allowed: ["connect-ceph-ports", "read-ceph-configuration", "read-ceph-key"]),
    Row(
      process: "spawner-with-rbd",
      forbidden: [
        (
          .failed(EACCES),
          ["netlink-socket", "packet-socket", "unix-socket", "udp-socket", "unix-pair", "bind-port", "read-outside"]
            + socketsBesideCeph
        )
      ],
      allowed: ["connect-ceph-ports", "read-ceph-configuration"]),
    Row(process: "qemu-img-with-rbd", forbidden: [(.failed(EACCES), toolReading + ofCeph)], allowed: []),
    Row(process: "xorriso-with-rbd", forbidden: [(.failed(EACCES), toolReading + ofCeph)], allowed: []),
    Row(
      process: "spawner-with-spice",
      forbidden: [(.failed(EACCES), ["unix-socket", "udp-socket", "netlink-socket", "packet-socket", "bind-port"])],
      allowed: ["unix-pair"]),
    Row(
      process: "qemu-with-spice",
      forbidden: [
        (
          .failed(EACCES),
          ["unix-socket", "udp-socket", "netlink-socket", "packet-socket", "connect-socket", "connect-other-monitor"]
        )
      ],
      allowed: ["unix-pair"]),
    Row(process: "qemu-img-with-spice", forbidden: [(.failed(EACCES), ["unix-pair"])], allowed: []),
    Row(process: "xorriso-with-spice", forbidden: [(.failed(EACCES), ["unix-pair"])], allowed: []),
    // Nothing but its standard input, which is a pipe here, answers to what an X client does.
    qemu("qemu-in-window", outcomes: [(.failed(ENOTSOCK), ["talk-to-socket"])], allowed: ["read-fonts"]),
    Row(
      process: "qemu-img",
      forbidden: [
        (
          .failed(EACCES),
          toolReading + ["write-backing-image", "read-other-image", "link-in-staging"]
        ),
        (.failed(EPERM), toolDenied), (.failed(ENOSYS), ["make-io-ring"]),
        (.failed(ENOENT), ["read-secret-in-environment"]), (.failed(EBADF), ["use-inherited-descriptor"]),
      ],
      allowed: ["create-in-staging", "read-backing-image"]),
    Row(
      process: "xorriso",
      forbidden: [
        (.failed(EACCES), toolReading + ["read-backing-image", "link-in-staging"]),
        (.failed(EPERM), toolDenied), (.failed(ENOSYS), ["make-io-ring"]),
        (.failed(ENOENT), ["read-secret-in-environment"]), (.failed(EBADF), ["use-inherited-descriptor"]),
      ],
      allowed: ["create-in-staging"]),
    Row(
      process: "launcher",
      forbidden: [
        (
          .failed(EPERM),
          [
            "mount", "load-module", "load-bpf-program", "read-key-ring", "watch-page-faults", "make-user-namespace",
            "enter-user-namespace", "trace", "read-memory", "raise-core-limit",
          ]
        ),
        (.failed(ENOSYS), ["make-io-ring"]), (.failed(EACCES), ["open-memory"]),
      ],
      allowed: ["execute-program", "start-process"]),
  ]

  private static let ofCeph = ["connect-ceph-ports", "read-ceph-configuration", "read-ceph-key"]
  /// What is as near as can be to what Ceph's clients may do.
  private static let socketsBesideCeph = [
    "connect-beside-ceph-ports", "connect-other-port", "connect-by-fast-open", "listen-without-bind",
    "multipath-socket", "tcp-of-another-protocol", "udp-socket-with-more-bits", "unix-socket-with-more-bits",
  ]
  private static let besideCeph =
    socketsBesideCeph + ["read-ceph-admin-key", "write-ceph-configuration", "list-ceph-keys"]

  private static let everySocketButUnixStreams = ["netlink-socket", "packet-socket", "udp-socket", "unix-pair"]

  private static let reading = [
    "read-outside", "write-outside", "create-outside", "read-shadow", "read-users", "open-memory",
    "read-proc", "write-proc",
  ]

  /// What the deny-lists refuse.
  private static let deniedToPrograms =
    [
      "mount", "load-module", "load-bpf-program", "read-key-ring", "watch-page-faults", "make-user-namespace",
      "enter-user-namespace", "raise-core-limit",
    ] + otherProcesses + identity

  private static let toolReading =
    ["execute-program", "execute-shell"] + reading + [
      "list-instances", "limit-machine", "read-other-disk", "write-other-disk", "truncate-other-disk",
      "create-beside-other-disk",
      "connect-configured-port", "bind-port", "udp-socket", "netlink-socket", "packet-socket", "unix-socket",
      "unix-pair", "connect-socket", "connect-other-monitor", "connect-abstract-socket",
    ]
  private static let toolDenied = deniedToPrograms + attributes + ["start-process", "stay-in-session"]
}
