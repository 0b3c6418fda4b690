import AsyncLoop
import Glibc
import Glog
import Linux
import Loop

/// Lets people at a machine's serial console: a socket in the instance's folder, for `nc -U` and the like.
///
/// launcher stands between them and QEMU, which takes one connection at a time: so what the guest writes is logged as
/// well, several may look on, and the socket is there again when launcher is.
@LoopActor final class ConsoleServer {
  static let socketName = "console"
  private static let maximumClients = 8
  /// Bytes that may wait for a client: one that does not read is let go.
  private static let maximumOutput = 65_536
  /// Bytes taken from a client at once, and at most while the guest does not take them.
  private static let batch = 1024

  private final class Client {
    let socket: Descriptor
    var output: [UInt8] = []

    init(_ socket: Descriptor) { self.socket = socket }
  }

  private let listener: Descriptor
  private let folder: Descriptor
  private var clients: [Int32: Client] = [:]
  /// What clients typed and the guest has not taken.
  private var input: [UInt8] = []
  private var retry: EventLoop.Timer?
  /// Seconds until the guest is offered again what it did not take.
  private static let retryDelay = 0.05
  private let write: ([UInt8]) -> Int

  /// `write` gives bytes to the guest, and says how many it took.
  init(in folder: Descriptor, write: @escaping ([UInt8]) -> Int) throws(SystemError) {
    listener = try UnixSocket.listener(Self.socketName, in: folder)
    self.folder = folder
    self.write = write
    listen()
  }

  private func listen() {
    guard listener.raw >= 0 else { return }
    LoopActor.loop.onReadable(listener.raw) { [weak self] in self?.accept() }
  }

  /// Lets everybody go; the socket's name goes with the last user of it.
  func close() {
    LoopActor.loop.forget(listener.raw)
    listener.close()
    if let retry { LoopActor.loop.cancel(retry) }
    for client in clients.values { end(client) }
    try? Files.remove(Self.socketName, in: folder)
  }

  private func accept() {
    do {
      while let socket = try UnixSocket.accept(listener) {
        // Closed at once: whoever comes to a full house sees it.
        guard clients.count < Self.maximumClients else { continue }
        clients[socket.raw] = Client(socket)
      }
    } catch {
      // No descriptor is free, say; who waits goes on waiting: not in a busy loop.
      LoopActor.loop.onReadable(listener.raw, nil)
      LoopActor.loop.schedule(at: .after(seconds: Self.retryDelay)) { [weak self] in self?.listen() }
    }
    watchClients()
  }

  private func end(_ client: Client) {
    LoopActor.loop.forget(client.socket.raw)
    clients[client.socket.raw] = nil
    client.socket.close()
  }

  // MARK: from the guest

  /// Shows what the guest wrote to everybody who looks on.
  func show(_ bytes: [UInt8]) {
    for client in clients.values {
      client.output += bytes
      if client.output.count > Self.maximumOutput { end(client) } else { flush(client) }
    }
  }

  private func flush(_ client: Client) {
    let raw = client.socket.raw
    let count = client.output.withUnsafeBytes { send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    if count > 0 { client.output.removeFirst(count) }
    guard count >= 0 || errno == EAGAIN || errno == EINTR else { return end(client) }
    LoopActor.loop.onWritable(raw, client.output.isEmpty ? nil : { [weak self] in self?.flush(client) })
  }

  // MARK: to the guest

  /// Reads from clients while the guest takes what they type.
  private func watchClients() {
    for client in clients.values {
      LoopActor.loop.onReadable(
        client.socket.raw, input.isEmpty ? { [weak self] in self?.take(from: client) } : nil)
    }
  }

  private func take(from client: Client) {
    var bytes = [UInt8](repeating: 0, count: Self.batch)
    switch try? bytes.withUnsafeMutableBytes({ try client.socket.read(into: $0) }) {
    case .bytes(let count):
      input += bytes[..<count]
      offerInput()
    case .wouldBlock: break
    case .end, nil: end(client)
    }
  }

  private func offerInput() {
    retry = nil
    input.removeFirst(write(input))
    watchClients()
    guard !input.isEmpty else { return }
    retry = LoopActor.loop.schedule(at: .after(seconds: Self.retryDelay)) { [weak self] in self?.offerInput() }
  }
}
