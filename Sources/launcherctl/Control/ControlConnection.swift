import Glibc
import JSON
import Linux
import Loop

/// The server's side of one control connection: one request, its answers, the end.
final class ControlConnection {
  /// Bytes produced ahead of what the asker has read.
  private static let outputAhead = 64 << 10

  private let socket: Descriptor
  private let cluster: Cluster
  private let loop: EventLoop
  private let onEnd: (ControlConnection) -> Void
  private var input = JSONStream(limits: ControlRequest.limits)
  private var output = OutputQueue()
  private var answer: (any Answer)?
  private var isProceeding = false
  private var isAnswered = false

  init(_ socket: Descriptor, cluster: Cluster, loop: EventLoop, onEnd: @escaping (ControlConnection) -> Void) {
    self.socket = socket
    self.cluster = cluster
    self.loop = loop
    self.onEnd = onEnd
    loop.onReadable(socket.raw) { [unowned self] in read() }
  }

  func close() {
    guard socket.raw >= 0 else { return }
    loop.forget(socket.raw)
    socket.close()
    onEnd(self)
  }

  private func read() {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    do {
      switch try buffer.withUnsafeMutableBytes({ (bytes) throws(SystemError) in try socket.read(into: bytes) }) {
      case .end: close()
      case .wouldBlock: return
      case .bytes(let count): try take(buffer[..<count])
      }
    } catch {
      refuse("\(error)")
    }
  }

  private func take(_ bytes: ArraySlice<UInt8>) throws {
    // One request a connection: what comes behind it is not even kept.
    guard answer == nil, !isAnswered else { return }
    try input.feed(bytes)
    guard let json = try input.next() else { return }
    guard let request = ControlRequest(json) else { throw Failure("this is no request") }
    answer = try request.answer(by: cluster)
    proceed()
  }

  private func refuse(_ reason: String) {
    answer = nil
    isAnswered = true
    write(["error": .string(reason)])
    proceed()
  }

  private func write(_ line: JSONValue) { output.append(line.serialized() + [UInt8(ascii: "\n")]) }

  /// Writes what is there to be said, as far as the socket takes it.
  func proceed() {
    // Making an answer changes what others wait for, which comes back here.
    guard !isProceeding, socket.raw >= 0 else { return }
    isProceeding = true
    defer { isProceeding = false }
    while true {
      produce()
      if output.isEmpty { break }
      let bytes = output.waiting
      let count = bytes.withUnsafeBytes { send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN {
        loop.onWritable(socket.raw) { [unowned self] in proceed() }
        return
      }
      guard count > 0 else { return close() }
      output.drop(count)
    }
    loop.onWritable(socket.raw, nil)
    if isAnswered { close() }
  }

  private func produce() {
    while let answer, output.count < Self.outputAhead {
      switch answer.next() {
      case .item(let json): output.append(Array(#"{"item":"#.utf8) + json + Array("}\n".utf8))
      case .waiting: return
      case .done:
        write(["done": true])
        self.answer = nil
        isAnswered = true
      }
    }
  }
}
