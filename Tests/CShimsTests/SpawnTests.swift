import CShims
import Glibc
import Linux
import TestSupport
import Testing

/// What became of a program started by sh_spawn.
private struct Child {
  var code: Int32
  var stage: Int32
  var pid: pid_t = 0
  var pidfd = Descriptor(-1)

  /// Waits for its end: exit status, or minus the signal.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 { guard errno == EINTR else { return -1000 } }
    let signal = sh_term_signal(status)
    return signal >= 0 ? -signal : sh_exit_status(status)
  }
}

private func spawn(
  _ path: String, _ arguments: [String], environment: [String] = [], descriptors: [Int32], limits: [sh_rlimit] = [],
  flags: Int = 0
) -> Child {
  var child = Child(code: 0, stage: -1)
  var pidfd: Int32 = -1
  child.code = CStrings.with(arguments) { argv in
    CStrings.with(environment) { envp in
      path.withCString { path in
        descriptors.withUnsafeBufferPointer { fds in
          limits.withUnsafeBufferPointer { limits in
            var request = sh_spawn(
              path: path, argv: argv, envp: envp, fds: fds.baseAddress, fd_count: Int32(fds.count),
              rlimits: limits.baseAddress, rlimit_count: Int32(limits.count), flags: UInt32(flags), landlock: -1,
              filter: nil, filter_length: 0)
            return sh_spawn(&request, &child.pid, &pidfd, &child.stage)
          }
        }
      }
    }
  }
  child.pidfd = Descriptor(pidfd)
  return child
}

private let null: Int32 = open("/dev/null", O_RDWR | O_CLOEXEC)

/// Runs a shell script to its end; what it wrote.
private func output(
  of script: String, environment: [String] = [], extra: [Int32] = [], limits: [sh_rlimit] = [], flags: Int = 0
) throws -> String {
  let (reader, writer) = try Descriptor.pipe()
  let child = spawn(
    "/bin/sh", ["sh", "-c", script], environment: environment, descriptors: [null, writer.raw, writer.raw] + extra,
    limits: limits, flags: flags)
  try #require(child.code == 0)
  writer.close()
  var text: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 4096)
  while case .bytes(let count) = try piece.withUnsafeMutableBytes({ try reader.read(into: $0) }) {
    text += piece[..<count]
  }
  #expect(child.wait() == 0)
  return String(decoding: text, as: UTF8.self)
}

@Test func aChildHasTheDescriptorsItWasGivenAndNoOther() throws {
  // Open and inheritable in the parent, which the child must not see.
  let inheritable = Descriptor(dup2(null, 300))
  let zero = Descriptor(open("/dev/zero", O_RDONLY | O_CLOEXEC))
  let full = Descriptor(open("/dev/full", O_RDONLY | O_CLOEXEC))
  // ls itself opens the folder it lists, on the lowest free number.
  let listing = try output(
    of: "exec ls -l /proc/self/fd", extra: [zero.raw, full.raw])
  withExtendedLifetime(inheritable) {}
  let links = listing.split(separator: "\n").compactMap { line -> (String, String)? in
    let parts = line.split(separator: " ")
    guard parts.count > 3, parts[parts.count - 2] == "->" else { return nil }
    return (String(parts[parts.count - 3]), String(parts[parts.count - 1]))
  }
  #expect(links.map(\.0) == ["0", "1", "2", "3", "4", "5"])
  #expect(links.first { $0.0 == "0" }?.1 == "/dev/null")
  #expect(links.first { $0.0 == "3" }?.1 == "/dev/zero")
  #expect(links.first { $0.0 == "4" }?.1 == "/dev/full")
  #expect(links.first { $0.0 == "5" }?.1.hasPrefix("/proc/") == true)
}

@Test func descriptorsMayBeSwappedAndLeftOut() throws {
  let (reader, writer) = try Descriptor.pipe()
  // Child 0 and 1 are taken from numbers that overlap the child's own; 2 is closed.
  let child = spawn(
    "/bin/sh", ["sh", "-c", "echo here; test -e /proc/self/fd/2 && echo 2 is open; exit 0"],
    descriptors: [null, writer.raw, -1])
  try #require(child.code == 0)
  writer.close()
  var piece = [UInt8](repeating: 0, count: 4096)
  var text = ""
  while case .bytes(let count) = try piece.withUnsafeMutableBytes({ try reader.read(into: $0) }) {
    text += String(decoding: piece[..<count], as: UTF8.self)
  }
  #expect(child.wait() == 0)
  #expect(text == "here\n")
}

@Test func theEnvironmentIsExactlyTheOneGiven() throws {
  setenv("SECRET_OF_THE_PARENT", "1", 1)
  let (reader, writer) = try Descriptor.pipe()
  let child = spawn(
    "/usr/bin/env", ["env"], environment: ["A=1", "B=two words"], descriptors: [null, writer.raw, null])
  writer.close()
  var piece = [UInt8](repeating: 0, count: 4096)
  var text = ""
  while case .bytes(let count) = try piece.withUnsafeMutableBytes({ try reader.read(into: $0) }) {
    text += String(decoding: piece[..<count], as: UTF8.self)
  }
  #expect(child.wait() == 0)
  #expect(text == "A=1\nB=two words\n")
}

@Test func aChildLeadsASessionOfItsOwnOnlyWhenAsked() throws {
  let script =
    "read pid comm state ppid pgrp session rest < /proc/$$/stat; test $session = $$ && echo own || echo shared"
  #expect(try output(of: script, flags: SH_SPAWN_SETSID) == "own\n")
  #expect(try output(of: script) == "shared\n")
}

@Test func limitsAreSetBeforeTheProgramRuns() throws {
  let limits = [
    sh_rlimit(resource: Int32(RLIMIT_CORE.rawValue), soft: 0, hard: 0),
    sh_rlimit(resource: Int32(RLIMIT_NOFILE.rawValue), soft: 77, hard: 88),
  ]
  #expect(try output(of: "ulimit -c; ulimit -n; ulimit -Hn", limits: limits) == "0\n77\n88\n")
}

@Test func signalsAreOrdinaryInTheChild() async {
  await #expect(processExitsWith: .success) {
    signal(SIGPIPE, SIG_IGN)
    var set = sigset_t()
    sigfillset(&set)
    pthread_sigmask(SIG_BLOCK, &set, nil)
    let text = try output(of: "cat /proc/self/status")
    let lines = text.split(separator: "\n").filter { ["SigBlk", "SigIgn", "SigCgt"].contains($0.prefix(6)) }
    let masks = lines.map { $0.split(separator: "\t").last.map(String.init) }
    #expect(masks.count == 3)
    // Signals 32 and 33 are the C library's own, beyond the reach of a program.
    #expect(masks.allSatisfy { $0.flatMap { UInt64($0, radix: 16) }.map { $0 & ~(3 << 31) } == 0 }, "\(text)")
    // And the parent's are as they were.
    var now = sigset_t()
    pthread_sigmask(SIG_SETMASK, nil, &now)
    #expect(sigismember(&now, SIGTERM) == 1)
  }
}

@Test func aProgramThatIsMissingIsAnErrorOfTheLastStepAndNoChild() async {
  await #expect(processExitsWith: .success) {
    let child = spawn("/nonexistent/program", ["program"], descriptors: [null, null, null])
    #expect(child.code == ENOENT)
    #expect(child.stage == Int32(SH_STAGE_EXEC))
    #expect(child.pidfd.raw == -1)
    #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD)
  }
}

@Test func aDescriptorThatIsNotOpenIsAnErrorOfItsStepAndNoChild() async {
  await #expect(processExitsWith: .success) {
    let child = spawn("/bin/true", ["true"], descriptors: [null, null, 9999])
    #expect(child.code == EBADF)
    #expect(child.stage == Int32(SH_STAGE_FDS))
    #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD)
  }
}

@Test func moreDescriptorsThanAllowedAreRefused() {
  #expect(spawn("/bin/true", ["true"], descriptors: Array(repeating: null, count: 33)).code == EINVAL)
}

@Test func aPidfdIsCloseOnExecAndSignalsTheChild() throws {
  let child = spawn("/bin/sleep", ["sleep", "100"], descriptors: [null, null, null])
  try #require(child.code == 0)
  #expect(fcntl(child.pidfd.raw, F_GETFD) & FD_CLOEXEC != 0)
  #expect(sh_pidfd_signal(child.pidfd.raw, SIGKILL) == 0)
  #expect(child.wait() == -SIGKILL)
  #expect(sh_pidfd_signal(child.pidfd.raw, SIGKILL) == -ESRCH)
}

@Test func aChildThatIsTiedToItsParentDiesWithIt() throws {
  let (reader, writer) = try Descriptor.pipe()
  // A process in between, which ends at once; what it started holds the pipe open for as long as it lives.
  let between = sh_fork()
  if between == 0 {
    let child = spawn(
      "/bin/sleep", ["sleep", "1000"], descriptors: [null, writer.raw, null], flags: SH_SPAWN_DIE_WITH_PARENT)
    _exit(child.code == 0 ? 0 : 1)
  }
  try #require(between > 0)
  writer.close()
  var status: Int32 = 0
  try #require(waitpid(between, &status, 0) == between && sh_exit_status(status) == 0)
  var ready = pollfd(fd: reader.raw, events: Int16(POLLIN), revents: 0)
  #expect(poll(&ready, 1, 20_000) == 1, "the child outlived its parent")
}

@Test func reapingTellsHowEachChildEnded() async {
  await #expect(processExitsWith: .success) {
    let first = spawn("/bin/sh", ["sh", "-c", "exit 7"], descriptors: [null, null, null])
    let second = spawn("/bin/sh", ["sh", "-c", "kill -9 $$"], descriptors: [null, null, null])
    for child in [first, second] {
      var ready = pollfd(fd: child.pidfd.raw, events: Int16(POLLIN), revents: 0)
      #expect(poll(&ready, 1, 20_000) == 1)
    }
    var ends: [pid_t: Int32] = [:]
    var pid: pid_t = 0
    var status: Int32 = 0
    while sh_reap(&pid, &status) > 0 { ends[pid] = status }
    #expect(ends.count == 2)
    #expect(ends[first.pid].map(sh_exit_status) == 7)
    #expect(ends[first.pid].map(sh_term_signal) == -1)
    #expect(ends[second.pid].map(sh_term_signal) == SIGKILL)
    #expect(ends[second.pid].map(sh_exit_status) == -1)
    #expect(sh_reap(&pid, &status) == 0)
  }
}
