import AsyncLoop
import Glibc
import Glog
import Linux
import Loop

/// Lets people at a machine's display: a socket in the instance's folder, for `remote-viewer spice+unix://`.
///
/// QEMU speaks SPICE and listens nowhere: launcher hands it each connection by its monitor.
@LoopActor final class SpiceServer {
  static let socketName = "spice"
  /// Seconds before the next attempt to let somebody in, where one failed.
  private static let retryDelay = 1.0

  private let listener: Descriptor
  private let folder: Descriptor
  private let give: @LoopActor (Descriptor) async throws -> Void
  private var isBusy = false

  /// `give` hands a connection to the machine.
  init(in folder: Descriptor, give: @escaping @LoopActor (Descriptor) async throws -> Void) throws(SystemError) {
    listener = try UnixSocket.listener(Self.socketName, in: folder)
    self.folder = folder
    self.give = give
    listen()
  }

  private func listen() {
    guard listener.raw >= 0 else { return }
    LoopActor.loop.onReadable(listener.raw) { [weak self] in self?.serve() }
  }

  func close() {
    LoopActor.loop.forget(listener.raw)
    listener.close()
    try? Files.remove(Self.socketName, in: folder)
  }

  /// One connection after the other: the rest waits in the kernel's queue.
  private func serve() {
    let connection: Descriptor
    do {
      guard !isBusy, let next = try UnixSocket.accept(listener) else { return }
      connection = next
    } catch {
      // No descriptor is free, say; who waits goes on waiting: not in a busy loop.
      LoopActor.loop.onReadable(listener.raw, nil)
      LoopActor.loop.schedule(at: .after(seconds: Self.retryDelay)) { [weak self] in self?.listen() }
      return
    }
    isBusy = true
    LoopActor.loop.onReadable(listener.raw, nil)
    LoopActor.start {
      do {
        try await self.give(connection)
      } catch {
        log.warning("a SPICE client is turned away: \(error)")
      }
      self.isBusy = false
      self.listen()
    }
  }
}
