import CShims
import Glibc
import Testing

@testable import Confinement
@testable import Rights

/// Calls that Swift does not see: variadic, and GNU only.
@_silgen_name("ptrace") private func ptrace(_ request: Int32, _ pid: pid_t, _ address: Int, _ data: Int) -> Int
@_silgen_name("process_vm_readv") private func processReadMemory(
  _ pid: pid_t, _ local: UnsafePointer<iovec>?, _ localCount: UInt, _ remote: UnsafePointer<iovec>?,
  _ remoteCount: UInt, _ flags: UInt
) -> Int

/// The type of all stream sockets that are made.
private let stream = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

/// What a process does against its filter. Codable, so that it can be handed to the process of an exit test.
enum Misdeed: String, Codable, Sendable, CaseIterable {
  case fork, execute, trace, readMemory, signal, mount, kill, changeUser, unixSocket, internetSocket, netlinkSocket,
    openFile,
    executableMemory, executableProtection, makeMemoryFile, newThread

  func commit() {
    switch self {
    case .fork: _ = sh_fork()
    case .execute:
      var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
      execve("/bin/true", &arguments, &arguments)
    case .trace: _ = ptrace(0, 0, 0, 0)
    case .readMemory: _ = processReadMemory(getpid(), nil, 0, nil, 0, 0)
    case .signal: _ = sh_pidfd_signal(-1, SIGKILL)
    case .mount: _ = umount2("/nonexistent", 0)
    case .kill: _ = Glibc.kill(getpid(), 0)
    case .changeUser: _ = setgroups(0, nil)
    case .unixSocket: _ = socket(AF_UNIX, stream, 0)
    case .internetSocket: _ = socket(AF_INET, stream, 0)
    case .netlinkSocket: _ = socket(16, Int32(SOCK_RAW.rawValue), 0)
    case .openFile: _ = open("/dev/null", O_RDONLY)
    case .executableMemory: _ = mmap(nil, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    case .executableProtection:
      let page = mmap(nil, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      mprotect(page, 4096, PROT_READ | PROT_EXEC)
    case .makeMemoryFile: _ = sh_sealed_memfd("test", nil, 0)
    case .newThread:
      var thread = pthread_t()
      pthread_create(&thread, nil, { _ in nil }, nil)
    }
  }
}

private func filter(_ rights: ProcessRights, _ misdeed: Misdeed) throws {
  try SeccompFilter.load(rights.seccomp)
  misdeed.commit()
  // Whoever gets here was not stopped.
  _exit(0)
}

@Test(arguments: Misdeed.allCases)
func launcherStatsIsKilledByWhatItMayNotDo(misdeed: Misdeed) async {
  await #expect(processExitsWith: .signal(SIGSYS)) { [misdeed] in try filter(.stats, misdeed) }
}

@Test(arguments: Misdeed.allCases.filter { ![.internetSocket, .makeMemoryFile].contains($0) })
func launcherNetIsKilledByWhatItMayNotDo(misdeed: Misdeed) async {
  await #expect(processExitsWith: .signal(SIGSYS)) { [misdeed] in try filter(.net, misdeed) }
}

@Test(arguments: Misdeed.allCases.filter { ![.unixSocket, .openFile, .signal].contains($0) })
func theManagerIsKilledByWhatItMayNotDo(misdeed: Misdeed) async {
  await #expect(processExitsWith: .signal(SIGSYS)) { [misdeed] in try filter(.manager, misdeed) }
}

@Test(arguments: [Misdeed.internetSocket, .makeMemoryFile])
func launcherNetMayDoWhatItNeeds(misdeed: Misdeed) async {
  await #expect(processExitsWith: .success) { [misdeed] in try filter(.net, misdeed) }
}

@Test(arguments: [Misdeed.unixSocket, .openFile, .signal])
func theManagerMayDoWhatItNeeds(misdeed: Misdeed) async {
  await #expect(processExitsWith: .success) { [misdeed] in try filter(.manager, misdeed) }
}

@Test func theSpawnersFilterRefusesAndLetsTheRestRun() async {
  await #expect(processExitsWith: .success) {
    try SeccompFilter.load(ProcessRights.spawner.seccomp)
    #expect(umount2("/nonexistent", 0) == -1 && errno == EPERM)
    #expect(chroot("/") == -1 && errno == EPERM)
    // clone3 is not there, so that the C library takes clone: threads and children work.
    var thread = pthread_t()
    #expect(pthread_create(&thread, nil, { _ in nil }, nil) == 0)
    pthread_join(thread, nil)
    let child = sh_fork()
    // In a process of one thread: the C library takes a new identity for all threads, or aborts.
    if child == 0 { _exit(setgroups(0, nil) == -1 && errno == EPERM ? 7 : 1) }
    var status: Int32 = 0
    #expect(waitpid(child, &status, 0) == child && sh_exit_status(status) == 7)
  }
}
