import CProbe
import Glibc

/// One run of the probe. Foundation's Process holds descriptors for a while after each, and of over a thousand such it
/// reads beyond its own list.
final class ProbeRun {
  struct NotStarted: Error, CustomStringConvertible { let description: String }

  /// A pipe, neither end of which passes to a child that is not meant to have it.
  struct Pipe {
    let reading: Int32
    let writing: Int32

    init() throws {
      var ends: [Int32] = [-1, -1]
      let code = probe_pipe(&ends)
      guard code == 0 else { throw NotStarted(description: "make a pipe: \(String(cString: strerror(-code)))") }
      (reading, writing) = (ends[0], ends[1])
    }

    /// Reads up to the end, when all who can write have closed it, and closes it.
    func drain() -> String {
      var text: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = read(reading, &piece, piece.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        text += piece[..<count]
      }
      close(reading)
      return String(decoding: text, as: UTF8.self)
    }
  }

  let pid: pid_t
  private var waitStatus: Int32?

  /// Starts `arguments[0]` with no descriptors but these; nil: /dev/null for the first two, the tests' own for `errors`.
  init(_ arguments: [String], environment: [String], input: Int32?, output: Int32?, errors: Int32?) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, source) in [(0, input), (1, output)] as [(Int32, Int32?)] {
      if let source {
        posix_spawn_file_actions_adddup2(&actions, source, target)
      } else {
        posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
      }
    }
    if let errors { posix_spawn_file_actions_adddup2(&actions, errors, 2) }
    probe_close_from(&actions, 3)
    var words = arguments.map { strdup($0) } + [nil]
    var variables = environment.map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, arguments[0], &actions, nil, &words, &variables)
    guard code == 0 else {
      throw NotStarted(description: "start \(arguments[0]): \(String(cString: strerror(code)))")
    }
    self.pid = pid
  }

  var isRunning: Bool {
    if waitStatus == nil {
      var status: Int32 = 0
      if waitpid(pid, &status, WNOHANG) == pid { waitStatus = status }
    }
    return waitStatus == nil
  }

  enum End: Equatable {
    case exited(Int32)
    case killed(signal: Int32)
  }

  func waitForEnd() -> End {
    if waitStatus == nil {
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
      waitStatus = status
    }
    let status = waitStatus ?? 0
    return status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: status & 0x7f)
  }
}
