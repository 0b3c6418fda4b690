// What is other where volumes are RBD images of a Ceph pool (`-volumes rbd:POOL`).
//
// QEMU opens such an image by Ceph's library, which is a TCP client of the cluster's monitors and OSDs and can use no
// connection that it is handed. So a machine has the right to make TCP sockets, and to connect them to the ports that
// Ceph's daemons have. The spawner, whose filter and domain bind what it starts, has it as well; the tools have not.

extension ProcessRights {
  /// QEMU's, or the spawner's, which bounds what it starts.
  public var withRBD: ProcessRights {
    var rights = self
    if !isForeign {
      rights.seccomp.rules.removeAll { $0.names == [noSocket.names[0]] }
      rights.seccomp.rules += tcpClientsAlone
    }
    if case .domain(var policy) = landlock {
      policy.files += isForeign ? cephFiles : cephFolder
      policy.connect = .ceph
      rights.landlock = .domain(policy)
    }
    return rights
  }
}

/// Not each of them alone: they may be replaced while launcher-vmm runs.
let cephFolder = allow(.read, .path("/etc/ceph"), because: "what machines read of it")

let cephFiles =
  allow(.readFile, .path("/etc/ceph/ceph.conf"), because: "where the cluster's monitors are")
  + allow(.readFile, .cephKeyring, because: "the key of the cluster's client that machines are")

let cephSocket = rule("socket", because: "TCP, to Ceph's monitors and OSDs")

/// Bits rather than values: the kernel looks at 32 bits of a number, the filter at 64.
let tcpClientsAlone: [SyscallRule] =
  // 2 and 10 are what is left.
  [1, 4, 16, 32].map {
    rule("socket", when: [argument(0, hasAll: $0)], failing: eAccess, because: otherFamily)
  } + [rule("socket", when: [argument(0, hasNone: 2)], failing: eAccess, because: otherFamily)]
  // 1 is what is left.
  + [2, 4, 8].map { rule("socket", when: [argument(1, hasAll: $0)], failing: eAccess, because: otherType) }
  + [
    rule("socket", when: [argument(1, hasNone: sockStream)], failing: eAccess, because: otherType),
    rule(
      "socket", when: [argument(2, isNot: 0)], failing: eAccess,
      because: "MPTCP and SCTP, whose ports Landlock does not govern"),
    rule("bind", failing: eAccess, because: "a machine is nobody's server"),
    rule(
      "listen", failing: 0,
      because: "what QEMU is handed listens already; a TCP socket would get a port of the kernel's choice"),
    rule("sendto", "sendmmsg", when: [argument(3, hasAll: msgFastOpen)], failing: eAccess, because: noFastOpen),
    rule("sendmsg", when: [argument(2, hasAll: msgFastOpen)], failing: eAccess, because: noFastOpen),
    rule(
      "setsockopt", when: [argument(1, low32: ipProtoTCP), argument(2, low32: tcpULP)],
      failing: eAccess, because: "a TCP socket that becomes one of another protocol"),
  ]

private let otherFamily = "sockets but those of AF_INET and AF_INET6"
private let otherType = "sockets but those of TCP"

/// What a process of machines has open of Ceph's.
let cephConnections = [
  DescriptorRule(kind: .socket(.tcp), reason: "connections to Ceph's monitors and OSDs"),
  DescriptorRule(kind: .socket(.unconnected), reason: "such a connection on its way, or broken"),
]
