import CShims
import Glibc
import Glog
import GoFlags
import Linux
import Loop

/// The first steps that every process of launcher takes alike.
public enum Startup {
  /// The first descriptor that a socket unit, or launcher in its place, hands over (sd_listen_fds(3)).
  public static let firstInherited: Int32 = 3
  /// Exit status of a command line that is not understood.
  public static let usageStatus: Int32 = 2
  /// Exit status of a process that cannot go on and could after a new start (EX_TEMPFAIL of sysexits.h).
  public static let startAgainStatus: Int32 = 75

  /// Reads the command line of this process; prints help or the error and ends where that is called for.
  public static func options<Options>(_ parse: ([String]) throws(FlagError) -> Options) -> Options {
    do {
      return try parse(Array(CommandLine.arguments.dropFirst()))
    } catch {
      let program = CommandLine.arguments.first.map { String($0.split(separator: "/").last ?? "") } ?? ""
      if case .helpRequested = error { print("\(error)", to: STDOUT_FILENO, status: 0) }
      print("\(program): \(error)", to: STDERR_FILENO, status: usageStatus)
    }
  }

  private static func print(_ text: String, to descriptor: Int32, status: Int32) -> Never {
    let line = text.hasSuffix("\n") ? text : text + "\n"
    _ = line.withCString { write(descriptor, $0, strlen($0)) }
    exit(status)
  }

  public struct NoListener: Error, CustomStringConvertible {
    public let description: String
  }

  /// The listening rendezvous socket, inherited by LISTEN_FDS from systemd or from launcher.
  public static func inheritedListener() throws -> Descriptor {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    let forUs = variable("LISTEN_PID").map { $0 == String(getpid()) } ?? true
    guard variable("LISTEN_FDS") == "1", forUs else {
      throw NoListener(
        description: "no rendezvous socket was handed over (LISTEN_FDS): start this through launcher or its unit")
    }
    var accepts: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(firstInherited, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0, accepts == 1 else {
      throw NoListener(description: "descriptor \(firstInherited) is no listening socket")
    }
    let listener = Descriptor(firstInherited)
    try listener.setNonBlocking()
    _ = fcntl(listener.raw, F_SETFD, FD_CLOEXEC)
    return listener
  }

  /// Closes what this process was handed beyond what it expects.
  public static func closeDescriptors(from first: Int32) throws(SystemError) {
    let result = sh_close_from(first)
    guard result == 0 else { throw SystemError("close_range", "from \(first)", code: -result) }
  }

  /// Raises the soft limit on open files to `count`, or as far as the hard limit allows.
  public static func raiseOpenFiles(to count: rlim_t) {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = min(max(limit.rlim_cur, count), limit.rlim_max)
    _ = setrlimit(resource, &limit)
  }

  /// Stops the loop at the first signal that `signals` reads.
  public static func endOnSignal(_ signals: Descriptor, loop: EventLoop, _ announce: @escaping () -> Void) {
    loop.onReadable(signals.raw) {
      guard (try? Signals.next(signals)) != nil else { return }
      announce()
      loop.stop()
    }
  }
}
