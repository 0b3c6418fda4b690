import AsyncLoop
import Glibc
import Linux
import Loop

/// Keeps what comes out of a machine in a file of bounded size, beside its predecessor: when the file is full it
/// becomes `NAME.old` and a new one begins.
///
/// Neither source needs launcher: while it is away a machine goes on writing, and what nobody takes is dropped.
@LoopActor final class Recorder {
  /// Where QEMU listens for whoever takes what the guest writes on its serial port.
  static let serialSocketName = "serial"
  /// What QEMU writes to standard output and error goes through this named pipe: unlike a file it is full one day, and
  /// unlike a pipe without a name it is found again by a launcher that comes back.
  static let outputPipeName = "output"
  static let consoleLogName = "console.log"
  static let outputLogName = "qemu.log"

  /// Bytes of each of the two files.
  nonisolated static let maximumSize = 262_144
  /// Bytes taken at once; a machine that floods waits for its turn like everything else.
  private static let batch = 4096
  /// Seconds between two batches, full or not: bounds what a flood costs to about 1 MiB a second.
  private static let pause = 0.004

  private let source: Descriptor
  private var file: BoundedFile
  private var isClosed = false
  /// Is shown what is recorded.
  var onBytes: (([UInt8]) -> Void)?

  /// Takes what comes from `source` into the file `name` in `folder`.
  init(_ source: Descriptor, into name: String, in folder: Descriptor) {
    self.source = source
    file = BoundedFile(name, in: folder, maximumSize: Self.maximumSize)
    watch()
  }

  /// Connects to the serial console of the machine in `folder`; nil when that fails, which costs only the log.
  static func console(in folder: Descriptor) -> Recorder? {
    guard let socket = try? UnixSocket.make(.stream) else { return nil }
    do {
      try UnixSocket.connect(socket, to: folder.pathTo(serialSocketName))
    } catch {
      return nil
    }
    return Recorder(socket, into: consoleLogName, in: folder)
  }

  /// Takes what the QEMU in `folder` says; nil when that fails, which costs only the log.
  static func output(in folder: Descriptor) -> Recorder? {
    guard let pipe = try? Descriptor.open(outputPipeName, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, in: folder),
      let status = try? pipe.status(), status.st_mode & S_IFMT == S_IFIFO
    else { return nil }
    return Recorder(pipe, into: outputLogName, in: folder)
  }

  /// Makes the pipe for a new QEMU in `folder`, with nothing of the last one's left, and opens QEMU's end: for reading
  /// as well, so that writing to it neither fails while no launcher is there nor ever waits.
  static func makeOutputPipe(in folder: Descriptor) throws(SystemError) -> Descriptor {
    for name in [outputPipeName, outputLogName, BoundedFile.oldName(of: outputLogName)] {
      try Files.remove(name, in: folder)
    }
    guard mkfifoat(folder.raw, outputPipeName, 0o600) == 0 else { throw SystemError("make pipe", outputPipeName) }
    return try Descriptor.open(outputPipeName, O_RDWR | O_NONBLOCK | O_NOFOLLOW, in: folder)
  }

  private func watch() {
    LoopActor.loop.onReadable(source.raw) { [weak self] in self?.receive() }
  }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    LoopActor.loop.forget(source.raw)
    source.close()
    file.close()
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
    guard let outcome = try? bytes.withUnsafeMutableBytes({ try source.read(into: $0) }), outcome != .end else {
      close()
      return false
    }
    guard case .bytes(let count) = outcome else { return false }
    let taken = Array(bytes[..<count])
    file.append(taken)
    onBytes?(taken)
    return true
  }

  /// Gives bytes to the other side of a socket that is recorded, and says how many it took: all, where it is gone.
  func write(_ bytes: [UInt8]) -> Int {
    guard !isClosed else { return bytes.count }
    let count = bytes.withUnsafeBytes { send(source.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    return count < 0 && errno != EAGAIN && errno != EINTR ? bytes.count : max(0, count)
  }

  private func receive() {
    guard take() else { return }
    LoopActor.loop.onReadable(source.raw, nil)
    LoopActor.loop.schedule(at: .after(seconds: Self.pause)) { [weak self] in
      if let self, !isClosed { watch() }
    }
  }
}

/// A file that becomes `NAME.old` when it is full.
struct BoundedFile {
  private let name: String
  private let folder: Descriptor
  private let maximumSize: Int
  private var file: Descriptor?
  private var size = 0

  init(_ name: String, in folder: Descriptor, maximumSize: Int) {
    self.name = name
    self.folder = folder
    self.maximumSize = maximumSize
  }

  static func oldName(of name: String) -> String { "\(name).old" }

  mutating func close() { file = nil }

  /// A full disk must not stop a machine: then its words are lost, as if nobody listened.
  mutating func append(_ bytes: [UInt8]) {
    do {
      try add(bytes)
    } catch {
      file = nil
    }
  }

  private mutating func add(_ bytes: [UInt8]) throws(SystemError) {
    if file == nil { try open() }
    if size + bytes.count > maximumSize {
      guard renameat(folder.raw, name, folder.raw, Self.oldName(of: name)) == 0 else {
        throw SystemError("rename", name)
      }
      try open()
    }
    guard let file else { return }
    try Files.write(bytes, to: file, named: name)
    size += bytes.count
  }

  private mutating func open() throws(SystemError) {
    let new = try Descriptor.open(name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, in: folder)
    size = min(Int(try new.status().st_size), maximumSize)
    file = new
  }
}
