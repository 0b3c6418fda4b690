/// The rights of one process: the row of the design's table that code enforces, and that documentation and audit
/// are checked against.
public struct ProcessRights: Sendable {
  public let name: String
  /// Names of the capabilities it keeps, in libcap's spelling; the rest is dropped from every set.
  public let capabilities: [String]
  public internal(set) var seccomp: SeccompPolicy
  /// It may go on as root: it starts others as their users.
  public var mayBeRoot = false
  /// Shared libraries it may be linked with besides the C, C++ and GCC runtimes.
  public let libraries: [String]
}

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
  rule("recvmsg", "sendmsg", because: "channels"),
  rule("close", because: "what is no longer used"),
  rule("fstat", "newfstatat", "lseek", because: "size of a file that was handed over; the C library's streams"),
  rule("rt_sigprocmask", "rt_sigreturn", "rt_sigaction", "tgkill", because: "abort, with a signal the log names"),
  rule("restart_syscall", because: "waits that a stop signal interrupted"),
  rule("exit", "exit_group", because: "the end"),
]

// Numbers of the kernel's ABI (uapi headers), for conditions on arguments.
let protExec = 4
let afUnix = 1
let afInet = 2
let afInet6 = 10
