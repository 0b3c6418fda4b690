// The jails: what each program that the spawner starts gets on top of the spawner's own confinement, between fork and
// exec. All of them run as launcher-vmm's user, so what keeps them apart is here.

extension ProcessRights {
  /// A machine. QEMU adds its own filter (`-sandbox`), which denies it exec and fork as well.
  ///
  /// User-mode networking is restricted to what QEMU answers itself (an address by DHCP): outside it, it would reach
  /// the services on the node's own loopback. So QEMU needs no socket but those it is handed.
  public static let qemu = ProcessRights(
    name: "qemu-system-x86_64",
    capabilities: [],
    securebits: .all,
    limits: [
      noCore,
      limit(.openFiles, 4096, because: "a few for each disk and queue"),
    ],
    landlock: .own(
      files: dynamicLoader + programData + firmware + machineDevices + ownProgram
        + allow(.change, .disk, because: "the guest's disk")
        + allow(.readFile, .backingImage, because: "what the disk is laid over")
        + allow(.readFile, .configDrive, because: "the guest's config drive")
        + allow(.change, .firmwareVariables, because: "what EFI remembers")),
    seccomp: SeccompPolicy(kind: .denyList, rules: jailRules + tapRules),
    libraries: [],
    isForeign: true)

  /// qemu-img makes one overlay.
  public static let qemuImg = ProcessRights(
    name: "qemu-img",
    capabilities: [],
    securebits: .all,
    limits: toolLimits,
    landlock: .own(
      files: dynamicLoader + programData + machineDevices + ownProgram
        + allow([.change, .makeFile], .staging, because: "the overlay is made there")
        + allow(.readFile, .backingImage, because: "what it is laid over")),
    seccomp: SeccompPolicy(kind: .denyList, rules: jailRules + noSockets),
    libraries: [],
    isForeign: true)

  /// xorriso makes one config drive.
  public static let xorriso = ProcessRights(
    name: "xorriso",
    capabilities: [],
    securebits: .all,
    limits: toolLimits,
    landlock: .own(
      files: dynamicLoader + programData + ownProgram
        + allow([.read, .change, .makeFile], .staging, because: "the files that go in, the image that comes out")),
    seccomp: SeccompPolicy(kind: .denyList, rules: jailRules + noSockets + [noSleep]),
    libraries: [],
    isForeign: true)
}

private let ownProgram = allow([.execute, .readFile], .program, because: "itself")

private let toolLimits = [
  noCore,
  limit(.openFiles, 256, because: "a handful each"),
  limit(.fileSize, 256 * mebibyte, because: "an empty overlay has some hundred KiB, a config drive few MiB"),
  limit(.addressSpace, 8 * gibibyte, because: "a few hundred MiB, most of it reserved for threads"),
]

/// What neither QEMU nor a tool needs and the spawner does.
let jailRules: [SyscallRule] = [
  rule("fork", "vfork", because: "a new process"),
  rule("clone", when: [argument(0, hasNone: cloneThread)], because: "a new process; threads are in order"),
  rule("kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", because: "other processes"),
  rule("pidfd_open", because: "other processes"),
]

/// xorriso looks at once whether its writing thread is done, then every 100 ms, and the thread takes 2 ms: a START would
/// mostly be a wait for the second look. No option of xorriso's changes that.
private let noSleep = rule(
  "clock_nanosleep", "nanosleep", failing: 0,
  because: "it would sleep 100 ms beside a writer of its own that takes 2; it looks again at once instead")

/// What a machine needs not do to the tap that it is handed, and what takes no capability once it is open.
private let tapRules: [SyscallRule] = [
  rule(
    "ioctl", when: [argument(1, low32: setHardwareAddress)],
    because: "the MAC of its tap: with a neighbour's, the bridge would keep the neighbour's frames"),
  rule("ioctl", when: [argument(1, low32: tunSetPersistent)], because: "its tap stays from START to DELETE"),
  rule("ioctl", when: [argument(1, low32: tunSetOwner)], because: "who may open its tap"),
  rule("ioctl", when: [argument(1, low32: tunSetGroup)], because: "who may open its tap"),
  rule("ioctl", when: [argument(1, low32: tunSetInterface)], because: "other taps"),
  rule("ioctl", when: [argument(1, low32: tunSetIndex)], because: "other taps"),
  rule("ioctl", when: [argument(1, low32: tunSetLink)], because: "what kind of network its tap is"),
]

private let socketPair = "socketpair"
private let noSocketPairs = rule(
  socketPair, failing: eAccess, because: "none has a peer but by what it is handed")

let noSocket = rule("socket", failing: eAccess, because: "none has a network, or peers, but by what it is handed")

/// What a program that talks to nobody needs not.
let noSockets = [noSocket, noSocketPairs]

let spiceSocketPairs = rule(
  socketPair, because: "QEMU's threads talk to its own SPICE server over them; each begins and ends in the one QEMU")

extension ProcessRights {
  /// The spawner's, which bounds what it starts, where machines offer their display to SPICE clients.
  public var withSpice: ProcessRights {
    var rights = self
    rights.seccomp.rules.removeAll { $0.names == [socketPair] }
    return rights
  }
}

/// What would reach other processes and files of the same user past Landlock.
let sameUserRules: [SyscallRule] = [
  rule("process_madvise", "process_mrelease", because: "other processes' memory"),
  rule("prlimit64", when: [argument(0, isNot: 0)], because: "other processes' limits"),
  rule(
    "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity", "migrate_pages", "move_pages",
    when: [argument(0, isNot: 0)], because: "other processes' share of the node"),
  rule("setpriority", "ioprio_set", when: [argument(1, isNot: 0)], because: "other processes' share of the node"),
  rule(
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "setxattr", "lsetxattr",
    "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat", "file_setattr",
    because: "attributes of files, which Landlock does not govern"),
  rule("utime", "utimes", "futimesat", "utimensat", because: "times of files, which Landlock does not govern"),
  rule(
    "shmget", "shmat", "shmctl", "semget", "semop", "semctl", "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open",
    "mq_unlink", because: "memory and queues that the processes of one user share"),
]
