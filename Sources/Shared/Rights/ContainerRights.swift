// Containers, where they are on. Whoever may use the container engine's socket is as good as root: so one child of
// launcher-vmm has that right and next to no other, and the tool that it starts is jailed as others are.

extension ProcessRights {
  /// The child of launcher-vmm that starts the container tool. It alone has the group of the engine's socket.
  ///
  /// As with the spawner, filters and domains survive exec: they must suit the tool, which is jailed further.
  public static let containers = ProcessRights(
    name: "launcher-vmm (containers)",
    capabilities: [],
    securebits: .all,
    limits: [
      noCore, limit(.openFiles, 65_536, because: "three of each tool that is being started; " + moreThanMachines),
    ],
    landlock: .own(files: containerToolFiles),
    seccomp: SeccompPolicy(
      kind: .denyList, rules: neverForChildren + noOtherIdentity + sameUserRules + unixStreamsAlone),
    libraries: manager.libraries)

  /// docker's command line: it tells the engine what to do, and prints the answer.
  public static let containerTool = ProcessRights(
    name: "docker",
    capabilities: [],
    securebits: .all,
    limits: [
      noCore,
      limit(.openFiles, 256, because: "a handful"),
      limit(.fileSize, 0, because: "it writes none"),
      limit(.addressSpace, 8 * gibibyte, because: "what Go's run time reserves, most of it never touched"),
    ],
    landlock: .own(files: containerToolFiles),
    seccomp: SeccompPolicy(kind: .denyList, rules: jailRules),
    libraries: [],
    isForeign: true)
}

private let containerToolFiles =
  dynamicLoader
  + allow([.execute, .readFile], .program, because: "the container tool, and no other program")
  + allow(.readFile, .path("/etc/localtime"), because: "dates")

/// The engine listens on a stream socket with a path; to any other peer there is no way.
private let unixStreamsAlone: [SyscallRule] = [
  rule("socket", when: [argument(0, isNot: afUnix)], failing: eAccess, because: "no network"),
  rule(
    "socket", when: [argument(0, is: afUnix), argument(1, masked: sockTypeMask, is: sockDatagram)], failing: eAccess,
    because: "no datagrams, which need no listener's consent"),
  rule(
    "socket", when: [argument(0, is: afUnix), argument(1, masked: sockTypeMask, is: sockSeqpacket)], failing: eAccess,
    because: "launcher's own kind of socket: the rendezvous is not for it"),
  rule("socketpair", failing: eAccess, because: "no peers but the engine"),
]
