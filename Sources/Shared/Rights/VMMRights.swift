extension ProcessRights {
  /// launcher-vmm's manager: instance store, QMP, decisions. It asks the spawner for programs.
  public static let manager = ProcessRights(
    name: "launcher-vmm",
    capabilities: [],
    securebits: .all,
    limits: [
      noCore, noFork,
      limit(.openFiles, 65_536, because: "some ten for each of thousands of machines, and two for each START in hand"),
    ],
    landlock: .own(
      files: allow(.read, .images, because: "what kind of image a backing image is")
        + firmware
        + allow(.own, .instances, because: "the instances")
        + allow(
          .read, .path("/proc"), because: "start times of machines, the boot's identity, machines without a folder")
        + allow(
          [.writeFile, .makeFolder, .removeFolder], .machineGroups,
          because: "limits of machines, where the unit's control group is delegated"),
      scopesSignals: false,
      because: "machines run in domains of their own, some of them since an earlier launcher-vmm"),
    seccomp: SeccompPolicy(
      kind: .allowList,
      rules: commonRules + [
        rule(
          "socket", when: [argument(0, is: afUnix), argument(1, is: sockStream | sockFlags)],
          because: "QMP, consoles"),
        rule(
          "socket", when: [argument(0, is: afUnix), argument(1, is: sockSeqpacket | sockFlags)],
          because: "for the other processes' next visit to the rendezvous"),
        rule(
          "socketpair", when: [argument(0, is: afUnix), argument(1, is: sockSeqpacket | sockFlags)],
          because: "channels between the processes"),
        rule("bind", "listen", "accept4", "connect", because: "rendezvous, QMP and console sockets"),
        rule(
          "setsockopt", when: [argument(1, is: solSocket), argument(2, is: soPassCred)],
          because: "which process greets as a monitor"),
        rule(
          "getsockopt", when: [argument(1, is: solSocket), argument(2, is: soPeerCred)],
          because: "which user visits the rendezvous"),
        rule("sendto", because: "QMP commands"),
        rule("openat", because: "images, instances"),
        rule("mkdirat", "renameat", "renameat2", "unlinkat", because: "instances"),
        rule(
          "mknodat", when: [argument(2, masked: fileType, is: namedPipe)], because: "the pipe of a machine's output"),
        rule("fsync", because: "instances"),
        rule("getdents64", because: "lists of instances and of processes"),
        rule("geteuid", because: "which of the processes are this user's"),
        rule("fcntl", when: [argument(1, is: fGetSeals)], because: "memory files of launcher-net"),
        rule("fcntl", when: [argument(1, is: fGetFlags)], because: "non-blocking pipes, lists of folders"),
        rule("fcntl", when: [argument(1, is: fSetFlags)], because: "non-blocking pipes"),
        rule("fcntl", when: [argument(1, is: fSetDescriptorFlags)], because: "lists of folders"),
        rule("pipe2", because: "output of tools"),
        rule("pidfd_open", because: "to watch a machine that an earlier launcher-vmm started"),
        rule("pidfd_send_signal", when: [argument(1, is: sigKill)], because: "to end a machine or a tool"),
      ]),
    libraries: ["libcap", "libseccomp"])

  /// launcher-vmm's spawner. Filters and domains survive exec, so these must suit QEMU, qemu-img and xorriso as well:
  /// the filter denies what none of them may ever do, the domain holds what any of them needs, and each of them gets
  /// its own, narrower ones on top.
  public static let spawner = ProcessRights(
    name: "launcher-vmm (spawner)",
    capabilities: [],
    securebits: .all,
    limits: [
      noCore,
      limit(.openFiles, 65_536, because: "a few dozen; " + moreThanMachines),
    ],
    landlock: .own(
      files: dynamicLoader + programData + firmware + machineDevices
        + allow([.execute, .readFile], .programs, because: "the programs that it may start, and no other")
        + allow(.read, .images, because: "backing images")
        + allow(.own, .instances, because: "each machine's disk, each tool's staging folder")),
    seccomp: SeccompPolicy(kind: .denyList, rules: neverForChildren + noOtherIdentity + noSockets + sameUserRules),
    libraries: manager.libraries)
}

extension ProcessRights {
  /// The child of launcher-vmm that opens what tells of machines' memory and CPU time.
  public static let observer = ProcessRights(
    name: "launcher-vmm (observer)",
    capabilities: [],
    securebits: .all,
    limits: [
      noCore, noFork,
      limit(.openFiles, 65_536, because: "a few; " + moreThanMachines),
    ],
    landlock: .none(
      because: "who is in a domain cannot look at processes outside, and machines outlive every domain they could share"
    ),
    seccomp: SeccompPolicy(
      kind: .allowList,
      rules: commonRules + [
        rule("openat", when: [argument(2, is: oCloseOnExec)], because: "files of /proc, for reading alone")
      ]),
    libraries: manager.libraries)
}

/// The kernel counts the descriptors on their way from all of a user's processes, and takes no more from one whose own
/// limit they exceed (man 7 unix, ETOOMANYREFS). A machine that was broken out of may keep as many there as it may open,
/// 4096, which must not hold up a child that hands on descriptors.
let moreThanMachines = "well above a machine's, whose descriptors on the way count against it"

let noOtherIdentity = [
  rule(
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups",
    "capset", because: "another identity")
]

/// EFI firmware, wherever the distribution or the operator put it.
let firmware: [FileRule] = allow(.readFile, .firmware, because: "EFI firmware")

/// What QEMU and the tools read beside their libraries.
let programData: [FileRule] =
  allow(.read, .path("/usr/share/qemu"), .path("/usr/share/seabios"), because: "BIOS and option ROMs")
  + allow(.readFile, .path("/etc/localtime"), because: "the guest's clock, dates in an ISO image")
  + allow(.readFile, .path("/usr/share/locale"), because: "the C library's locales")
  + allow(.readFile, .path("/dev/urandom"), because: "random numbers")

let machineDevices: [FileRule] =
  allow([.change, .controlDevice], .path("/dev/kvm"), because: "hardware virtualisation")
  + allow(.change, .path("/dev/null"), because: "QEMU and qemu-img probe how files are locked on it")
