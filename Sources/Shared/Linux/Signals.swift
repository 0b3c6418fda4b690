import CShims
import Glibc

/// Signals as input of the event loop.
public enum Signals {
  /// Blocks `signals` and gives a descriptor that reads as soon as one is pending. SIGPIPE is ignored for good: a
  /// write to a closed socket is an error to handle, not an end.
  public static func descriptor(for signals: [Int32]) throws(SystemError) -> Descriptor {
    var set = sigset_t()
    sigemptyset(&set)
    for s in signals { sigaddset(&set, s) }
    sigprocmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
    let fd = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    guard fd >= 0 else { throw SystemError("signalfd", "") }
    return Descriptor(fd)
  }

  /// The number of one pending signal; nil when none is left.
  public static func next(_ descriptor: Descriptor) throws(SystemError) -> Int32? {
    var info = signalfd_siginfo()
    let outcome = try withUnsafeMutableBytes(of: &info) { (buffer) throws(SystemError) in
      try descriptor.read(into: buffer)
    }
    guard case .bytes = outcome else { return nil }
    return Int32(info.ssi_signo)
  }
}
