import Foundation

/// A program that a test has started, known by its process id until it is reaped.
final class ChildProcess {
  let pid: pid_t
  private(set) var status: Int32?

  /// Starts `arguments[0]`. `output` takes standard output and error, `input` is standard input (/dev/null if nil).
  /// - hearsSignals: it does not have the mask of the thread that runs the test, which blocks all.
  init(
    _ arguments: [String], input: Int32? = nil, output: Int32, error: Int32? = nil, hearsSignals: Bool = false
  ) throws {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    if hearsSignals {
      var none = sigset_t()
      sigemptyset(&none)
      posix_spawnattr_setsigmask(&attributes, &none)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, error ?? output, 2)
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, arguments[0], &actions, &attributes, &words, environ)
    guard code == 0 else { throw HarnessError("start \(arguments[0]): \(String(cString: strerror(code)))") }
    self.pid = pid
  }

  /// Reaps it if it has ended, and says whether it has.
  var hasEnded: Bool {
    if status != nil { return true }
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG) == pid else { return false }
    self.status = status
    return true
  }

  /// Waits for its end, reaps it, and gives its status as waitpid does.
  func waitForEnd() -> Int32 {
    if let status { return status }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    self.status = status
    return status
  }

  func signal(_ number: Int32) { if !hasEnded { kill(pid, number) } }

  /// Runs a tool to its end and gives what it wrote; throws when it fails.
  @discardableResult
  static func run(_ arguments: [String]) throws -> String {
    let (status, text) = try outcome(of: arguments)
    guard status == 0 else { throw HarnessError("\(arguments.joined(separator: " ")): status \(status): \(text)") }
    return text
  }

  /// Runs a tool to its end: its exit status, negative where a signal ended it, and what it wrote.
  static func outcome(of arguments: [String]) throws -> (status: Int32, text: String) {
    let output = FileHandle.temporary()
    let child = try ChildProcess(arguments, output: output.fileDescriptor)
    let status = child.waitForEnd()
    try output.seek(toOffset: 0)
    let signal = status & 0x7f
    return (
      signal == 0 ? status >> 8 & 0xff : -signal,
      String(decoding: try output.readToEnd() ?? Data(), as: UTF8.self)
    )
  }
}

extension FileHandle {
  /// A file without a name.
  fileprivate static func temporary() -> FileHandle {
    var template = Array("/tmp/launcher-output-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(template)
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }
}
