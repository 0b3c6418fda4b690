import CProbe
import CShims
import Glibc

/// What a taken-over process would try. Each attempt gives 0 when it was done, or the errno.
enum Attempts {
  typealias Attempt = @Sendable (Target) -> Int32

  static let all = files.merging(processes) { $1 }.merging(network) { $1 }.merging(kernel) { $1 }
    .merging(inheritance) { $1 }

  /// They find a /etc/ceph of their own.
  static let areOnCephFolder: Set = [
    "read-ceph-configuration", "read-ceph-key", "read-ceph-admin-key", "write-ceph-configuration", "list-ceph-keys",
  ]

  /// One system call: 0 or the errno.
  static func call(_ number: Int32, _ arguments: Int...) -> Int32 {
    let a = arguments + [Int](repeating: 0, count: 6 - arguments.count)
    return Int32(-min(0, probe_syscall(Int(number), a[0], a[1], a[2], a[3], a[4], a[5])))
  }

  private static func opened(_ path: String, _ flags: Int32) -> Int32 {
    let file = open(path, flags | O_CLOEXEC, 0o600)
    if file < 0 { return errno }
    close(file)
    return 0
  }

  // MARK: files

  private static let files: [String: Attempt] = [
    "read-outside": { opened("\($0.outside)/readable", O_RDONLY) },
    "write-outside": { opened("\($0.outside)/writable", O_WRONLY) },
    "create-outside": { opened("\($0.outside)/new-\(getpid())", O_WRONLY | O_CREAT) },
    "read-shadow": { _ in opened("/etc/shadow", O_RDONLY) },
    "read-users": { _ in opened("/etc/passwd", O_RDONLY) },
    "read-fonts": { _ in opened("/etc/fonts", O_RDONLY) },
    "read-hosts": { _ in opened("/etc/hosts", O_RDONLY) },
    "read-proc": { _ in opened("/proc/meminfo", O_RDONLY) },
    "write-proc": { _ in opened("/proc/self/comm", O_WRONLY) },
    "open-memory": { opened("/proc/\($0.victim)/mem", O_RDWR) },
    "open-memory-figures": { opened("/proc/\($0.victim)/smaps_rollup", O_RDONLY) },
    "read-backing-image": { opened("\($0.state)/images/image", O_RDONLY) },
    "write-backing-image": { opened("\($0.state)/images/image", O_WRONLY) },
    "read-other-image": { opened("\($0.state)/images/other", O_RDONLY) },
    "list-instances": { opened("\($0.state)/instances", O_RDONLY | O_DIRECTORY) },
    "write-own-disk": { opened("\($0.own)/image.qcow2", O_RDWR) },
    "read-own-config-drive": { opened("\($0.own)/config.iso", O_RDONLY) },
    "write-own-config-drive": { opened("\($0.own)/config.iso", O_WRONLY) },
    "read-own-state": { opened("\($0.own)/state", O_RDONLY) },
    "write-own-state": { opened("\($0.own)/state", O_WRONLY) },
    "create-beside-own-disk": { opened("\($0.own)/new-\(getpid())", O_WRONLY | O_CREAT) },
    "make-pipe-beside-own-disk": { mkfifo("\($0.own)/pipe-\(getpid())", 0o600) == 0 ? 0 : errno },
    "make-device-beside-own-disk": {
      call(SYS_mknodat, Int(AT_FDCWD), address("\($0.own)/device-\(getpid())"), Int(S_IFCHR) | 0o600, 1 << 8 | 3)
    },
    "write-volume": { opened("\($0.state)/volumes/0a", O_RDWR) },
    "read-ceph-configuration": { _ in opened("/etc/ceph/ceph.conf", O_RDONLY) },
    "read-ceph-key": { _ in opened("/etc/ceph/ceph.client.launcher.keyring", O_RDONLY) },
    "read-ceph-admin-key": { _ in opened("/etc/ceph/ceph.client.admin.keyring", O_RDONLY) },
    "write-ceph-configuration": { _ in opened("/etc/ceph/ceph.conf", O_WRONLY) },
    "list-ceph-keys": { _ in opened("/etc/ceph", O_RDONLY | O_DIRECTORY) },
    "list-volumes": { opened("\($0.state)/volumes", O_RDONLY | O_DIRECTORY) },
    "create-volume": { opened("\($0.state)/volumes/new-\(getpid())", O_WRONLY | O_CREAT) },
    "read-other-disk": { opened("\($0.neighbour)/image.qcow2", O_RDONLY) },
    "write-other-disk": { opened("\($0.neighbour)/image.qcow2", O_WRONLY) },
    "create-beside-other-disk": { opened("\($0.neighbour)/new-\(getpid())", O_WRONLY | O_CREAT) },
    "truncate-other-disk": { truncate("\($0.neighbour)/image.qcow2", 0) == 0 ? 0 : errno },
    "chmod-other-disk": { chmod("\($0.neighbour)/image.qcow2", 0o600) == 0 ? 0 : errno },
    "touch-other-disk": { call(SYS_utimensat, Int(AT_FDCWD), address("\($0.neighbour)/image.qcow2"), 0, 0) },
    "limit-machine": { opened("\($0.state)/groups/vm-a/memory.max", O_WRONLY) },
    "read-limits": { opened("\($0.state)/groups/vm-a/memory.max", O_RDONLY) },
    "create-in-staging": { opened("\($0.staging)/new-\(getpid())", O_WRONLY | O_CREAT) },
    "link-in-staging": { symlink("/etc/shadow", "\($0.staging)/link-\(getpid())") == 0 ? 0 : errno },
  ]

  /// A copy of a path that stays for the rest of this process.
  private static func address(_ path: String) -> Int { Int(bitPattern: strdup(path)) }

  // MARK: processes

  /// CLONE_NEWUSER of linux/sched.h
  private static let newUser = 0x1000_0000

  private static let processes: [String: Attempt] = [
    // In place of this program, another one says that it was done.
    "execute-program": { _ in executed("/bin/echo", "done") },
    "execute-shell": { _ in executed("/bin/sh", "-c", "echo done") },
    // Not an attempt: a process that lives until its standard input ends.
    "become-victim": { _ in executed("/bin/cat") },
    "start-process": { _ in forked(flags: 0) },
    "make-user-namespace": { _ in forked(flags: newUser) },
    "enter-user-namespace": { _ in call(SYS_unshare, newUser) },
    "trace": { call(SYS_ptrace, Int(PTRACE_SEIZE.rawValue), $0.victim, 0, 0) },
    "read-memory": { target in
      var byte: UInt8 = 0
      return withUnsafeMutablePointer(to: &byte) { byte in
        var local = iovec(iov_base: byte, iov_len: 1)
        return call(
          SYS_process_vm_readv, target.victim, Int(bitPattern: withUnsafePointer(to: &local) { $0 }), 1,
          Int(bitPattern: withUnsafePointer(to: &local) { $0 }), 1, 0)
      }
    },
    "signal": { call(SYS_kill, $0.victim, Int(SIGCONT)) },
    "signal-thread": { call(SYS_tgkill, $0.victim, $0.victim, Int(SIGCONT)) },
    "signal-by-pidfd": { target in
      let pidfd = probe_syscall(Int(SYS_pidfd_open), target.victim, 0, 0, 0, 0, 0)
      return pidfd < 0 ? Int32(-pidfd) : call(SYS_pidfd_send_signal, pidfd, Int(SIGCONT), 0, 0)
    },
    "limit-other": { target in
      var limit = rlimit(rlim_cur: 64, rlim_max: 64)
      return withUnsafePointer(to: &limit) {
        call(SYS_prlimit64, target.victim, Int(RLIMIT_NOFILE.rawValue), Int(bitPattern: $0), 0)
      }
    },
    "renice-other": { call(SYS_setpriority, 0, $0.victim, 10) },
    "pin-other": { target in
      var processors = UInt64.max
      return withUnsafePointer(to: &processors) {
        call(SYS_sched_setaffinity, target.victim, 8, Int(bitPattern: $0))
      }
    },
    "become-another-user": { _ in call(SYS_setresuid, 65534, 65534, 65534) },
    "raise-core-limit": { _ in
      var limit = rlimit(rlim_cur: 1, rlim_max: 1)
      return withUnsafePointer(to: &limit) {
        call(SYS_prlimit64, 0, Int(RLIMIT_CORE.rawValue), Int(bitPattern: $0), 0)
      }
    },
  ]

  private static func executed(_ arguments: String...) -> Int32 {
    let pointers = arguments.map { strdup($0) } + [nil]
    return execve(pointers[0]!, pointers, [nil]) == 0 ? 0 : errno
  }

  private static func forked(flags: Int) -> Int32 {
    let pid = probe_syscall(Int(SYS_clone), flags | Int(SIGCHLD), 0, 0, 0, 0, 0)
    if pid == 0 { _ = call(SYS_exit_group, 0) }
    return pid < 0 ? Int32(-pid) : 0
  }

  // MARK: network

  private static let network: [String: Attempt] = [
    "connect-configured-port": { tcp { connect($0, $1, $2) }(loopback($0.allowedPort)) },
    "connect-other-port": { tcp { connect($0, $1, $2) }(loopback($0.otherPort)) },
    // Whether somebody listens there or not, the kernel lets it be tried.
    "connect-ceph-ports": { _ in
      for port: UInt16 in [3300, 6789, 6800, 7568] {
        let code = tcp { connect($0, $1, $2) }(loopback(port))
        if code != 0 && code != ECONNREFUSED { return code }
      }
      return 0
    },
    "connect-beside-ceph-ports": { _ in
      let codes: [Int32] = [22, 3299, 6790, 6799, 7569].map { tcp { connect($0, $1, $2) }(loopback($0)) }
      return codes.allSatisfy { $0 == EACCES } ? EACCES : 0
    },
    "connect-by-fast-open": { target in
      tcp { min(0, Int32(sendto($0, "?", 1, fastOpen | Int32(MSG_NOSIGNAL), $1, $2))) }(loopback(target.otherPort))
    },
    "listen-without-bind": { _ in
      let fd = socket(AF_INET, stream, 0)
      if fd < 0 || listen(fd, 1) != 0 { return errno }
      var accepts: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length) == 0 && accepts == 1 ? 0 : EACCES
    },
    // IPPROTO_MPTCP
    "multipath-socket": { _ in socket(AF_INET, stream, 262) < 0 ? errno : 0 },
    // TCP_ULP
    "tcp-of-another-protocol": { _ in
      let fd = socket(AF_INET, stream, 0)
      return fd >= 0 && setsockopt(fd, Int32(IPPROTO_TCP), 31, "tls", 3) == 0 ? 0 : errno
    },
    // As the C library's resolver does: IP_RECVERR and IPV6_RECVERR.
    "dns-sockets": { _ in
      var on: Int32 = 1
      for (family, level, option) in [(AF_INET, Int32(IPPROTO_IP), 11), (AF_INET6, Int32(IPPROTO_IPV6), 25)]
        as [(Int32, Int32, Int32)]
      {
        let fd = socket(family, Int32(SOCK_DGRAM.rawValue), 0)
        if fd < 0 || setsockopt(fd, level, option, &on, socklen_t(MemoryLayout<Int32>.size)) != 0 { return errno }
        if socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) < 0 { return errno }
      }
      return 0
    },
    // The kernel takes 32 bits of each.
    "udp-socket-with-more-bits": { _ in
      call(SYS_socket, Int(AF_INET) | 1 << 32, Int(SOCK_DGRAM.rawValue) | 1 << 32, 0)
    },
    "unix-socket-with-more-bits": { _ in
      call(SYS_socket, Int(AF_UNIX) | 1 << 32, Int(SOCK_STREAM.rawValue) | 1 << 32, 0)
    },
    "bind-port": { _ in tcp { bind($0, $1, $2) }(loopback(0)) },
    "udp-socket": { _ in made(AF_INET, Int32(SOCK_DGRAM.rawValue)) },
    "netlink-socket": { _ in made(AF_NETLINK, Int32(SOCK_RAW.rawValue)) },
    "packet-socket": { _ in made(AF_PACKET, Int32(SOCK_RAW.rawValue)) },
    "unix-socket": { _ in made(AF_UNIX, Int32(SOCK_STREAM.rawValue)) },
    "unix-pair": { _ in
      var ends: [Int32] = [0, 0]
      return socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &ends) == 0 ? 0 : errno
    },
    "connect-socket": { unix("\($0.outside)/socket") },
    // As an X client does.
    "talk-to-socket": {
      unix("\($0.outside)/socket", Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)) { socket in
        send(socket, "?", 1, Int32(MSG_NOSIGNAL)) == 1 ? 0 : errno
      }
    },
    "connect-other-monitor": { unix("\($0.neighbour)/socket") },
    "connect-abstract-socket": { unix("\0\($0.abstractName)") },
  ]

  /// MSG_FASTOPEN of linux/socket.h
  private static let fastOpen: Int32 = 0x2000_0000

  private static let stream = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

  private static func made(_ family: Int32, _ type: Int32) -> Int32 { socket(family, type, 0) < 0 ? errno : 0 }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  /// A TCP socket of the kind that launcher-net makes; a connection on its way counts as made.
  private static func tcp(_ use: @escaping (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> (sockaddr_in)
    -> Int32
  {
    { address in
      let fd = socket(AF_INET, stream, 0)
      if fd < 0 { return errno }
      var address = address
      let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          use(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      return result == 0 || errno == EINPROGRESS ? 0 : errno
    }
  }

  private static func unix(_ path: String, _ type: Int32 = stream, use: (Int32) -> Int32 = { _ in 0 }) -> Int32 {
    let fd = socket(AF_UNIX, type, 0)
    if fd < 0 { return errno }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let length = MemoryLayout<sa_family_t>.size + path.utf8.count
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, socklen_t(length)) }
    }
    return result == 0 ? use(fd) : errno
  }

  // MARK: kernel

  private static let page = 4096

  private static let kernel: [String: Attempt] = [
    "mount": { target in
      let type = strdup("tmpfs")
      let mounted = call(
        SYS_mount, Int(bitPattern: type), address("\(target.folder)/mount"), Int(bitPattern: type), 0, 0)
      if mounted == 0 { _ = call(SYS_umount2, address("\(target.folder)/mount"), 0) }
      return mounted
    },
    "load-module": { _ in call(SYS_init_module, 0, 0, 0) },
    "load-bpf-program": { _ in call(SYS_bpf, 0xffff, 0, 0) },
    "read-key-ring": { _ in call(SYS_keyctl, Int(KEYCTL_GET_KEYRING_ID), -3, 1) },
    "take-other-mac": { _ in controlTap(setHardwareAddress) },
    // The kernel takes 32 bits of it.
    "take-other-mac-with-more-bits": { _ in controlTap(setHardwareAddress | 1 << 32) },
    "let-tap-go": { _ in controlTap(tunSetPersistent) },
    "control-other-device": { _ in call(SYS_ioctl, Int(STDIN_FILENO), Int(TCGETS), 0) },
    "make-io-ring": { _ in call(SYS_io_uring_setup, 1, 0) },
    "watch-page-faults": { _ in call(SYS_userfaultfd, -1) },
    "write-and-execute": { _ in
      mmap(nil, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0
    },
    "make-executable": { _ in
      let memory = mmap(nil, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      return mprotect(memory, page, PROT_READ | PROT_EXEC) == 0 ? 0 : errno
    },
  ]

  // MARK: what was inherited

  /// Open in the process that forks the spawner.
  static let inheritedDescriptor: Int32 = 9

  private static let inheritance: [String: Attempt] = [
    "read-secret-in-environment": { _ in getenv("LAUNCHER_SECRET") == nil ? ENOENT : 0 },
    "use-inherited-descriptor": { _ in fcntl(inheritedDescriptor, F_GETFD) < 0 ? errno : 0 },
    "stay-in-session": { _ in getsid(0) == getpid() ? EPERM : 0 },
  ]
}

/// SIOCSIFHWADDR and TUNSETPERSIST.
private let setHardwareAddress = 0x8924
private let tunSetPersistent = 0x4004_54cb

/// On standard input, which is no tap: whoever may ask hears that, and from the kernel.
private func controlTap(_ request: Int) -> Int32 {
  let code = Attempts.call(SYS_ioctl, Int(STDIN_FILENO), request, 0)
  return code == ENOTTY ? 0 : code
}
