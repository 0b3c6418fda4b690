import AsyncLoop
import Glibc
import Glog
import Linux
import Loop

/// Keeps what a guest writes on its serial console in the instance's `console.log`, bounded: when the file is full it
/// becomes `console.log.old` and a new one begins.
///
/// QEMU listens on the console's socket; while the launcher is away the guest's output is dropped, and the guest does
/// not notice.
@LoopActor final class ConsoleLog {
  static let socketName = "console"
  private static let fileName = "console.log"
  private static let oldName = "console.log.old"
  /// Bytes of each of the two files.
  private static let maximumSize = 262_144
  /// Bytes taken at once; a guest that floods its console waits for its turn like everything else.
  private static let batch = 4096
  /// Seconds between two batches, full or not: bounds what a flood costs to about 1 MiB a second.
  private static let pause = 0.004

  private let socket: Descriptor
  private let folder: Descriptor
  private var file: Descriptor?
  private var size = 0
  private var isClosed = false

  /// Connects to the console of the machine in `folder`; nil when that fails, which costs only the log.
  init?(in folder: Descriptor) {
    guard let socket = try? UnixSocket.make(.stream) else { return nil }
    do {
      try UnixSocket.connect(socket, to: folder.pathTo(Self.socketName))
    } catch {
      return nil
    }
    self.socket = socket
    self.folder = folder
    watch()
  }

  private func watch() {
    LoopActor.loop.onReadable(socket.raw) { [weak self] in self?.receive() }
  }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    LoopActor.loop.forget(socket.raw)
    socket.close()
    file = nil
  }

  /// Takes the last words of a machine that has ended, and closes.
  func finish() {
    var left = Self.maximumSize / Self.batch
    while left > 0, take() { left -= 1 }
    close()
  }

  /// Takes one batch; false when there was none.
  private func take() -> Bool {
    guard !isClosed else { return false }
    var bytes = [UInt8](repeating: 0, count: Self.batch)
    guard let outcome = try? bytes.withUnsafeMutableBytes({ try socket.read(into: $0) }), outcome != .end else {
      close()
      return false
    }
    guard case .bytes(let count) = outcome else { return false }
    do {
      try append(Array(bytes[..<count]))
    } catch {
      // A full disk must not stop the machine: its output is lost, as if nobody listened.
      file = nil
    }
    return true
  }

  private func receive() {
    guard take() else { return }
    LoopActor.loop.onReadable(socket.raw, nil)
    LoopActor.loop.schedule(at: .after(seconds: Self.pause)) { [weak self] in
      if let self, !isClosed { watch() }
    }
  }

  private func append(_ bytes: [UInt8]) throws(SystemError) {
    if size + bytes.count > Self.maximumSize, file != nil {
      guard renameat(folder.raw, Self.fileName, folder.raw, Self.oldName) == 0 else {
        throw SystemError("rename", Self.fileName)
      }
      file = nil
    }
    if file == nil {
      let new = try Descriptor.open(
        Self.fileName, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, in: folder)
      size = min(Int(try new.status().st_size), Self.maximumSize)
      file = new
    }
    guard let file else { return }
    try Files.write(bytes, to: file, named: Self.fileName)
    size += bytes.count
  }
}
