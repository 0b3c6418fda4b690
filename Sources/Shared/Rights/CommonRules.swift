/// What every process of ours does: memory, its event loop, its channels, its end.
let commonRules: [SyscallRule] = [
  rule("brk", "munmap", "mremap", "madvise", because: "memory allocation"),
  rule("mmap", "mprotect", when: [argument(2, hasNone: protExec)], because: "memory allocation, never executable"),
  rule("futex", because: "locks of the C library and of the Swift runtime"),
  rule("getrandom", because: "seeds of hash tables, random numbers"),
  rule("clock_gettime", "gettimeofday", because: "time, where the vDSO cannot answer"),
  rule("getpid", "gettid", because: "log lines; locks; abort"),
  rule("epoll_wait", "epoll_pwait", "epoll_ctl", because: "the event loop"),
  rule("read", "pread64", because: "signals, and files that were opened"),
  rule("write", "poll", because: "log lines, which wait a moment for a full pipe and are dropped then"),
  rule("recvmsg", because: "channels"),
  rule("sendmsg", when: [argument(2, hasNone: msgFastOpen)], because: "channels; " + noFastOpen),
  rule("close", because: "what is no longer used"),
  rule("fstat", "newfstatat", "lseek", because: "size of a file that was handed over; the C library's streams"),
  rule("rt_sigprocmask", "rt_sigreturn", "rt_sigaction", because: "abort, with a signal the log names"),
  rule("tgkill", when: [argument(2, is: sigAbort)], because: "abort; no other signal, to whomever"),
  rule("restart_syscall", because: "waits that a stop signal interrupted"),
  rule("exit", "exit_group", because: "the end"),
]

/// Why no process that has TCP sockets may send with MSG_FASTOPEN.
let noFastOpen = "no connection but by connect, whose port Landlock looks at"

/// What no program that launcher starts may ever do, whoever starts it.
let neverForChildren: [SyscallRule] = [
  rule("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", because: "other processes' memory"),
  rule(
    "mount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount", "fspick", "move_mount", "open_tree",
    "mount_setattr", because: "the tree of files is as the operator made it"),
  rule("unshare", "setns", because: "namespaces"),
  rule("clone", when: [argument(0, hasAll: 0x1000_0000)], because: "user namespace"),
  rule("clone", when: [argument(0, hasAll: 0x0002_0000)], because: "mount namespace"),
  rule("clone", when: [argument(0, hasAll: 0x2000_0000)], because: "process namespace"),
  rule("clone", when: [argument(0, hasAll: 0x4000_0000)], because: "network namespace"),
  rule("clone", when: [argument(0, hasAll: 0x0400_0000)], because: "host name namespace"),
  rule("clone", when: [argument(0, hasAll: 0x0800_0000)], because: "System V IPC namespace"),
  rule("clone", when: [argument(0, hasAll: 0x0200_0000)], because: "cgroup namespace"),
  rule("clone3", failing: eNoSys, because: "its flags cannot be looked at; the C library falls back to clone"),
  rule("init_module", "finit_module", "delete_module", because: "kernel modules"),
  rule("bpf", "perf_event_open", "userfaultfd", because: "kernel surface that no tool needs"),
  rule(
    "io_uring_setup", "io_uring_enter", "io_uring_register", failing: eNoSys,
    because: "what a ring does passes no system call filter"),
  rule("keyctl", "add_key", "request_key", because: "key rings"),
  rule("kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff", because: "the node itself"),
  rule(
    "acct", "quotactl", "syslog", "settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "sethostname",
    "setdomainname", "iopl", "ioperm", because: "administration of the node"),
  rule("open_by_handle_at", "name_to_handle_at", because: "files past their folders"),
]
