/// The parsers of bytes that come from outside a process. Each takes any bytes and must neither trap nor break its
/// promise: what it accepts means the same when it is read again, and however it was cut into pieces.
///
/// `make fuzz` drives them by libFuzzer; the unit tests replay the corpus.
enum FuzzTarget: String, CaseIterable, Sendable {
  /// What the scheduler sends, as launcher-net reads it; and what a node sends, as launcherctl does.
  case session
  /// A command's payload, as launcher-net reads it.
  case payload
  /// The datagrams that launcher-net, launcher-vmm and launcher-stats take from each other and from their children.
  case netChannels = "net-channels"
  case vmmChannels = "vmm-channels"
  case statsChannels = "stats-channels"
  /// What QEMU writes to its monitor's socket, which a guest may have taken over.
  case monitor
  /// What the container tool writes: an engine's answers, and its events. And what qemu-img is not asked, because launcher
  /// reads it itself: the header of an image, which a tenant or a guest may have written.
  case containerTool = "container-tool"
  /// An instance's state file.
  case state
  /// The kernel's answers to the network child.
  case netlink

  func run(_ bytes: [UInt8]) {
    switch self {
    case .session: readSession(bytes)
    case .payload: readPayload(bytes)
    case .netChannels: readMessage(bytes, of: toNet)
    case .vmmChannels: readMessage(bytes, of: toVMM)
    case .statsChannels: readMessage(bytes, of: toStats)
    case .monitor: readMonitor(bytes)
    case .containerTool: readContainerTool(bytes)
    case .state: readState(bytes)
    case .netlink: readNetlink(bytes)
    }
  }
}

/// A broken promise ends the process, which is what libFuzzer looks for and what no test can overlook.
func require(_ holds: Bool, _ promise: @autoclosure () -> String) {
  if !holds { fatalError(promise()) }
}

/// The first byte chooses, the rest is read.
func split(_ bytes: [UInt8]) -> (choice: Int, rest: [UInt8])? {
  guard let first = bytes.first else { return nil }
  return (Int(first), Array(bytes.dropFirst()))
}

extension [UInt8] {
  /// The bytes in pieces of `size`, or whole for 0.
  func pieces(of size: Int) -> [ArraySlice<UInt8>] {
    guard size > 0 else { return [self[...]] }
    return stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
  }
}
