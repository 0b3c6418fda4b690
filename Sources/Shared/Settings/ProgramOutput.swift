import Glibc
import Linux

/// What a program prints, for `-check-config`; not for a confined process.
public enum ProgramOutput {
  /// Bytes of output that are taken.
  private static let limit = 65_536
  /// Milliseconds for all of it: versions are told in a few, a busy disk takes its time.
  private static let deadline = 20_000.0

  /// Runs a program to its end; nil when it cannot be started, fails with a status above 1, or takes too long.
  ///
  /// - environment: beside PATH and locale.
  /// - isQuiet: standard error is thrown away instead of shown.
  /// - takesErrors: standard error counts as output.
  public static func of(
    _ path: String, _ arguments: [String], environment: [String] = [], isQuiet: Bool = false, takesErrors: Bool = false
  ) -> String? {
    guard let (reader, writer) = try? Descriptor.pipe() else { return nil }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, writer.raw, STDOUT_FILENO)
    if takesErrors { posix_spawn_file_actions_adddup2(&actions, writer.raw, STDERR_FILENO) }
    if isQuiet { posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) }
    var pid: pid_t = 0
    let code = CStrings.with([path] + arguments) { argv in
      CStrings.with(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"] + environment) { envp in
        posix_spawn(&pid, path, &actions, nil, argv, envp)
      }
    }
    guard code == 0 else { return nil }
    writer.close()
    let output = read(reader)
    if output == nil { kill(pid, SIGKILL) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    // Ended by itself, with status 0 or 1.
    guard let output, status & 0x7f == 0, status >> 8 & 0xff <= 1 else { return nil }
    return String(decoding: output, as: UTF8.self)
  }

  private static func read(_ reader: Descriptor) -> [UInt8]? {
    let start = Moment.now
    var output: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while output.count < limit {
      var ready = pollfd(fd: reader.raw, events: Int16(POLLIN), revents: 0)
      let left = deadline - start.age * 1000
      guard left > 0, poll(&ready, 1, Int32(left)) > 0 else { return nil }
      let outcome = try? piece.withUnsafeMutableBytes { (buffer) throws(SystemError) in try reader.read(into: buffer) }
      switch outcome {
      case .bytes(let count): output += piece[..<count]
      case .end: return output
      case .wouldBlock, nil: return nil
      }
    }
    return output
  }
}
