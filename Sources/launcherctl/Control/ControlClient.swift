import Glibc
import JSON
import Linux

/// A command's side of a control connection. It waits: the command has nothing else to do.
final class ControlClient {
  /// The server did not answer in the time that the caller gave it.
  struct TimedOut: Error {}

  static let endedEarly = Failure("the server ended before it answered; see whether it still runs")

  /// A node with its instances may be one item; as JSON it is somewhat longer than its payload, escapes included.
  private static let limits = JSONLimits(bytes: 8 * ServerLimits.payloadBytes, nodes: 1 << 20)

  private let socket: Descriptor
  private var input = JSONStream(limits: ControlClient.limits)

  /// Connects to the server of a folder.
  init(folder: String) throws {
    let path = "\(folder)/\(ServerFolder.controlName)"
    socket = try UnixSocket.make(.stream)
    do throws(SystemError) {
      try UnixSocket.connect(socket, to: path)
    } catch {
      guard [ENOENT, ENOTDIR, ECONNREFUSED].contains(error.code) else { throw error }
      throw Failure(
        "no server runs in \(folder) (\(error)): start one with launcherctl serve, or name its folder with -dir")
    }
    // Payloads may hold secrets: they are for a server of one's own.
    let peer = try UnixSocket.peer(of: socket)
    guard [0, peer.uid].contains(geteuid()) || peer.uid == 0 else {
      throw Failure("the server in \(folder) belongs to user \(peer.uid), not to \(geteuid()): nothing is sent to it")
    }
  }

  func send(_ request: ControlRequest) throws {
    var rest = (request.json.serialized() + [UInt8(ascii: "\n")])[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        try wait(for: POLLOUT, until: nil)
      } else if errno != EINTR {
        throw SystemError("send to", "the server")
      }
    }
  }

  /// The next item; nil behind the last one.
  func next(within time: Duration? = nil) throws -> JSONValue? {
    let deadline = time.map { Moment.after(seconds: $0 / .seconds(1)) }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      if let line = try input.next() {
        if let item = line["item"] { return item }
        if line["done"] != nil { return nil }
        throw Failure(visible(line["error"]))
      }
      switch try receive(into: &buffer) {
      case .bytes(let count): try input.feed(buffer[..<count])
      case .end: throw Self.endedEarly
      case .wouldBlock: try wait(for: POLLIN, until: deadline)
      }
    }
  }

  private func receive(into buffer: inout [UInt8]) throws -> Descriptor.ReadOutcome {
    do {
      return try buffer.withUnsafeMutableBytes { try socket.read(into: $0) }
    } catch let error as SystemError {
      // A server that ended without having read everything leaves this error before what it had sent.
      guard error.code == ECONNRESET else { throw error }
      return try buffer.withUnsafeMutableBytes { try socket.read(into: $0) }
    }
  }

  /// Everything that the server answers.
  func all(_ request: ControlRequest) throws -> [JSONValue] {
    try send(request)
    var items: [JSONValue] = []
    while let item = try next() { items.append(item) }
    return items
  }

  private func wait(for events: Int32, until deadline: Moment?) throws {
    var entry = pollfd(fd: socket.raw, events: Int16(events), revents: 0)
    var milliseconds: Int32 = -1
    if let deadline {
      let left = deadline.nanoseconds - Moment.now.nanoseconds
      guard left > 0 else { throw TimedOut() }
      milliseconds = Int32(clamping: left / 1_000_000 + 1)
    }
    guard poll(&entry, 1, milliseconds) >= 0 || errno == EINTR else { throw SystemError("poll", "the server's socket") }
  }
}
