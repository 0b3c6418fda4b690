import Glog
import Linux
import Loop

/// Takes the connections of a listening socket.
final class Acceptor {
  /// Seconds without accepting after a failure (no descriptors left, as a rule), which would otherwise come at once again.
  private static let pause: Double = 1

  private let listener: Descriptor
  private let loop: EventLoop
  private let take: (Descriptor) -> Void

  init(_ listener: Descriptor, loop: EventLoop, take: @escaping (Descriptor) -> Void) {
    self.listener = listener
    self.loop = loop
    self.take = take
    watch()
  }

  private func watch() {
    loop.onReadable(listener.raw) { [unowned self] in accept() }
  }

  private func accept() {
    do {
      while let socket = try UnixSocket.accept(listener) { take(socket) }
    } catch {
      log.warning("\(error); trying again in \(Self.pause) s")
      loop.forget(listener.raw)
      loop.schedule(at: .after(seconds: Self.pause)) { [weak self] in self?.watch() }
    }
  }

  func close() {
    guard listener.raw >= 0 else { return }
    loop.forget(listener.raw)
    listener.close()
  }
}
