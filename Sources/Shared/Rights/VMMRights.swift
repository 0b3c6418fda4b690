extension ProcessRights {
  /// launcher-vmm's manager: instance store, QMP, decisions. It asks the spawner for programs.
  public static let manager = ProcessRights(
    name: "launcher-vmm",
    capabilities: [],
    seccomp: SeccompPolicy(
      kind: .allowList,
      rules: commonRules + [
        rule("socket", when: [argument(0, is: afUnix)], because: "QMP, consoles, sockets for the other processes"),
        rule("socketpair", when: [argument(0, is: afUnix)], because: "channels between the processes"),
        rule("bind", "listen", "accept4", "connect", because: "rendezvous, QMP and console sockets"),
        rule("setsockopt", "getsockopt", because: "who is at the other end"),
        rule("sendto", because: "QMP commands"),
        rule("openat", because: "images, instances"),
        rule("mkdirat", "renameat", "renameat2", "unlinkat", because: "instances"),
        rule("fsync", "ftruncate", "fchmod", because: "instances"),
        rule("getdents64", because: "list of instances"),
        rule("fcntl", because: "seals of memory files, non-blocking descriptors"),
        rule("pipe2", because: "output of tools"),
        rule("pidfd_open", "pidfd_send_signal", because: "to watch and to end a machine"),
      ]),
    libraries: ["libcap", "libseccomp"])

  /// launcher-vmm's spawner. Filters survive exec, so this one must suit QEMU, qemu-img and xorriso as well: it
  /// denies what none of them may ever do.
  public static let spawner = ProcessRights(
    name: "launcher-vmm (spawner)",
    capabilities: [],
    seccomp: SeccompPolicy(
      kind: .denyList,
      rules: neverForChildren + [
        rule(
          "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups",
          "capset", because: "another identity")
      ]),
    libraries: manager.libraries)
}

/// What no program that launcher starts may ever do, whoever starts it.
let neverForChildren: [SyscallRule] = [
  rule("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", because: "other processes' memory"),
  rule(
    "mount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount", "fspick", "move_mount", "open_tree",
    "mount_setattr", because: "the tree of files is as the operator made it"),
  rule("unshare", "setns", because: "namespaces"),
  rule("clone", when: [argument(0, hasAll: 0x1000_0000)], because: "user namespace"),
  rule("clone", when: [argument(0, hasAll: 0x0002_0000)], because: "mount namespace"),
  rule("clone", when: [argument(0, hasAll: 0x2000_0000)], because: "process namespace"),
  rule("clone", when: [argument(0, hasAll: 0x4000_0000)], because: "network namespace"),
  rule("clone3", because: "its flags cannot be looked at; the C library falls back to clone"),
  rule("init_module", "finit_module", "delete_module", because: "kernel modules"),
  rule("bpf", "perf_event_open", "userfaultfd", because: "kernel surface that no tool needs"),
  rule("keyctl", "add_key", "request_key", because: "key rings"),
  rule("kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", because: "the node itself"),
  rule(
    "acct", "quotactl", "syslog", "settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "sethostname",
    "setdomainname", "iopl", "ioperm", because: "administration of the node"),
  rule("open_by_handle_at", "name_to_handle_at", because: "files past their folders"),
]
