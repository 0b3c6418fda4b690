import AsyncLoop
import CShims
import Glibc
import Glog
import JSON
import Linux
import Loop

/// A connection to one QEMU's monitor (QMP, docs/interop/qmp-spec.txt of QEMU).
///
/// QEMU may be taken over by its guest: what it says is bounded, and all it can achieve is to lose this connection.
@LoopActor final class QMPClient {
  enum Failure: Error, CustomStringConvertible {
    case connect(SystemError)
    case closed(String)
    case timedOut(String)
    case refused(String, kind: String = "GenericError")

    var description: String {
      switch self {
      case .connect(let error): "QMP: \(error)"
      case .closed(let why): "QMP: connection closed: \(why)"
      case .timedOut(let what): "QMP: no answer to \(what) in time"
      case .refused(let what, _): "QMP: \(what)"
      }
    }

    /// QEMU knows no device of the name.
    var isDeviceNotFound: Bool { if case .refused(_, kind: "DeviceNotFound") = self { true } else { false } }
    var isRefusal: Bool { if case .refused = self { true } else { false } }
    /// Where QEMU has no class for an error, its words.
    func says(_ words: String) -> Bool { if case .refused(let text, _) = self { text.contains(words) } else { false } }
  }

  /// Bytes of a line: the longest answer to what is asked here has a few hundred.
  private static let limits = JSONLimits(bytes: 65_536, depth: 16, nodes: 4096)
  private static let readSize = 16_384

  private let socket: Descriptor
  private var stream = JSONStream(limits: QMPClient.limits)
  /// The kernel's word for who sent the greeting.
  private(set) var peer: pid_t?
  private var greeted = false
  private var nextID: Int64 = 1
  private var waiting: [Int64: (Result<JSONValue, Failure>) -> Void] = [:]
  private let greeting = Gate()
  private(set) var closed: String?
  private let onEvent: (String, JSONValue?) -> Void
  private let onClose: () -> Void

  /// Connects to the socket `name` in `folder`. Nothing is exchanged yet.
  init(
    _ name: String, in folder: Descriptor, onEvent: @escaping (String, JSONValue?) -> Void,
    onClose: @escaping () -> Void
  ) throws(Failure) {
    do {
      socket = try UnixSocket.make(.stream)
      // Set before the connection, so that the very greeting carries its sender.
      _ = sh_pass_credentials(socket.raw)
      try UnixSocket.connect(socket, to: folder.pathTo(name))
    } catch {
      throw .connect(error)
    }
    self.onEvent = onEvent
    self.onClose = onClose
    LoopActor.loop.onReadable(socket.raw) { [weak self] in self?.receive() }
  }

  isolated deinit { close() }

  func close() { close("by launcher") }

  private func close(_ why: String) {
    guard closed == nil else { return }
    closed = why
    LoopActor.loop.forget(socket.raw)
    socket.close()
    settle()
  }

  private func fail(_ why: String) {
    guard closed == nil else { return }
    close(why)
    onClose()
  }

  private func settle() {
    let all = waiting
    waiting.removeAll()
    for (_, answer) in all { answer(.failure(.closed(closed ?? ""))) }
    greeting.open()
  }

  private func receive() {
    var bytes = [UInt8](repeating: 0, count: Self.readSize)
    var none: Int32 = 0
    var sender: pid_t = -1
    let count = sh_recv_fds(socket.raw, &bytes, bytes.count, nil, &none, &sender)
    if count < 0 {
      if Int32(-count) != EAGAIN { fail(SystemError.text(Int32(-count))) }
      return
    }
    guard count > 0 else { return fail("the machine ended it") }
    if sender > 0, peer == nil { peer = sender }
    do {
      try stream.feed(bytes[..<count])
      while closed == nil, let value = try stream.next() { handle(value) }
    } catch {
      fail("\(error)")
    }
  }

  private func handle(_ message: JSONValue) {
    switch QMPMessage(message) {
    case .greeting:
      greeted = true
      log.step("greeting-received")
      greeting.open()
    case .event(let name, let data): onEvent(name, data)
    case .answer(let id, let result): waiting.removeValue(forKey: id)?(result)
    case nil: break
    }
  }

  /// Waits for the greeting and leaves negotiation mode: from then on the machine takes commands.
  func negotiate(until deadline: Moment) async throws(Failure) {
    while !greeted {
      if let closed { throw .closed(closed) }
      guard await greeting.wait(until: deadline) else { throw .timedOut("the connection") }
    }
    _ = try await execute("qmp_capabilities", until: deadline)
    // It may have answered and ended the connection at once.
    if let closed { throw .closed(closed) }
  }

  /// Runs a command, with a descriptor beside it where it takes one, and gives its return value.
  @discardableResult
  func execute(
    _ command: String, _ arguments: JSONValue? = nil, passing descriptor: Descriptor? = nil, until deadline: Moment
  ) async throws(Failure) -> JSONValue {
    if let closed { throw .closed(closed) }
    let id = nextID
    nextID += 1
    var message: JSONObject = JSONObject()
    message["execute"] = .string(command)
    message["arguments"] = arguments
    message["id"] = .int(id)
    let line = JSONValue.object(message).serialized() + [UInt8(ascii: "\n")]
    // A few dozen bytes into an empty socket buffer: it takes them whole, or the machine has stopped reading.
    let descriptors = descriptor.map { [$0.raw] } ?? []
    let sent = sh_send_fds(socket.raw, line, line.count, descriptors, Int32(descriptors.count))
    guard sent == line.count else {
      fail("it does not take commands: \(SystemError.text(Int32(sent < 0 ? -sent : Int(EAGAIN))))")
      throw .closed(closed ?? "")
    }
    let result: Result<JSONValue, Failure> = await withCheckedContinuation { continuation in
      let timer = LoopActor.loop.schedule(at: deadline) { [weak self] in
        self?.waiting.removeValue(forKey: id)?(.failure(.timedOut(command)))
      }
      waiting[id] = { result in
        LoopActor.loop.cancel(timer)
        continuation.resume(returning: result)
      }
    }
    return try result.get()
  }
}

extension Descriptor {
  /// A path to a name in this folder that is short enough for a socket's address wherever the folder is.
  func pathTo(_ name: String) -> String { "/proc/self/fd/\(raw)/\(name)" }
}

extension UnixSocket {
  /// A listening socket of this name in an instance's folder, in place of what had the name.
  static func listener(_ name: String, in folder: Descriptor) throws(SystemError) -> Descriptor {
    try Files.remove(name, in: folder)
    let socket = try make(.stream)
    try listen(socket, at: folder.pathTo(name), backlog: 4)
    return socket
  }
}
