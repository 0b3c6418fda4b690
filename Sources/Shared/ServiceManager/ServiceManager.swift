import CShims
import Glibc
import Linux
import Loop

/// The way to systemd, where it started this process: says that the process is ready, what it does, that its loop
/// still turns, and that it is ending (sd_notify(3)). Without systemd nothing is said and nothing happens.
public final class ServiceManager {
  /// Bytes of a status line.
  private static let longestStatus = 500
  private static let patienceMilliseconds: Int32 = 1000

  private let socket: Descriptor?
  /// Between two signs of life: half of what systemd waits for one (sd_watchdog_enabled(3)). nil: it waits for none.
  private let signInterval: Double?
  private var isReady = false

  /// Connects to systemd's socket, which a confined process could not. Called once this process has forked what it
  /// forks: its children have nothing to say to systemd.
  public convenience init() throws(SystemError) {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    try self.init(
      socketPath: variable("NOTIFY_SOCKET"), watchdogMicroseconds: variable("WATCHDOG_USEC"),
      watchdogProcess: variable("WATCHDOG_PID"))
  }

  /// The same for given values of systemd's variables.
  public init(socketPath: String?, watchdogMicroseconds: String?, watchdogProcess: String?) throws(SystemError) {
    guard let socketPath, !socketPath.isEmpty else {
      socket = nil
      signInterval = nil
      return
    }
    let connected = try UnixSocket.make(.datagrams)
    try UnixSocket.connect(connected, to: socketPath)
    socket = connected
    let isForUs = watchdogProcess.map { $0 == String(getpid()) } ?? true
    let microseconds = watchdogMicroseconds.flatMap { UInt32($0) } ?? 0
    signInterval = isForUs && microseconds > 0 ? Double(microseconds) / 2_000_000 : nil
  }

  /// The process serves; said once, later calls only change the status.
  public func ready(_ status: String) {
    send((isReady ? "" : "READY=1\n") + "STATUS=" + line(status))
    isReady = true
  }

  /// What the process does at present, for `systemctl status`.
  public func status(_ text: String) { send("STATUS=" + line(text)) }

  /// The process is ending.
  public func stopping() { send("STOPPING=1") }

  /// Gives signs of life from the loop itself, so that they cease when it hangs.
  public func giveSignsOfLife(on loop: EventLoop) {
    guard let signInterval else { return }
    send("WATCHDOG=1")
    loop.schedule(at: .after(seconds: signInterval)) { [weak self] in self?.giveSignsOfLife(on: loop) }
  }

  /// One line of text: a line end would begin another assignment.
  private func line(_ text: String) -> String {
    String(text.prefix(Self.longestStatus).map { $0.isNewline ? " " : $0 })
  }

  /// Waits a moment for room in systemd's queue. A message that it does not take then is lost, and what follows from
  /// that (a start that times out, a watchdog) is systemd's to decide and to log.
  private func send(_ message: String) {
    guard let socket else { return }
    var room = pollfd(fd: socket.raw, events: Int16(POLLOUT), revents: 0)
    _ = poll(&room, 1, Self.patienceMilliseconds)
    let bytes = Array(message.utf8)
    _ = bytes.withUnsafeBytes { sh_send_fds(socket.raw, $0.baseAddress, $0.count, nil, 0) }
  }
}
