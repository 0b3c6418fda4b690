import CShims
import Glibc
import Linux
import Loop

/// The first steps that every process of launcher takes alike.
public enum Startup {
  /// The first descriptor that a socket unit, or launcher in its place, hands over (sd_listen_fds(3)).
  public static let firstInherited: Int32 = 3
  /// Exit status of a process that cannot go on and could after a new start (EX_TEMPFAIL of sysexits.h).
  public static let startAgainStatus: Int32 = 75

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

  /// Stops the loop at the first signal that `signals` reads.
  public static func endOnSignal(_ signals: Descriptor, loop: EventLoop, _ announce: @escaping () -> Void) {
    loop.onReadable(signals.raw) {
      guard (try? Signals.next(signals)) != nil else { return }
      announce()
      loop.stop()
    }
  }
}
