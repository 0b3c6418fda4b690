import Foundation

/// An X display in memory, with a number that its server chooses.
final class XDisplay {
  /// As DISPLAY has it.
  let name: String
  private let server: ChildProcess
  private var hasEnded = false

  /// - folder: what the server's arguments name, so that whatever sweeps the folder's processes ends the server as well.
  init(in folder: String) throws {
    let (output, null) = (Pipe(), open("/dev/null", O_WRONLY | O_CLOEXEC))
    defer { close(null) }
    // Everybody may use it.
    server = try ChildProcess(
      ["/usr/bin/Xvfb", "-displayfd", "1", "-fbdir", folder, "-nolisten", "tcp", "-ac"],
      output: output.fileHandleForWriting.fileDescriptor, error: null)
    try output.fileHandleForWriting.close()
    // It tells its number when it listens; without one it has ended.
    let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let number = Int(text.filter(\.isNumber)) else { throw HarnessError("Xvfb tells no display: \(text)") }
    name = ":\(number)"
  }

  deinit { end() }

  /// The server inherits a signal mask in which SIGTERM may be blocked, so it cannot be asked to remove its files.
  func end() {
    guard !hasEnded else { return }
    hasEnded = true
    server.signal(SIGKILL)
    _ = server.waitForEnd()
    for file in ["/tmp/.X11-unix/X\(name.dropFirst())", "/tmp/.X\(name.dropFirst())-lock"] { unlink(file) }
  }

  /// Titles of windows, and much else.
  func windows() throws -> String {
    try ChildProcess.run(["/usr/bin/xwininfo", "-display", name, "-root", "-tree"])
  }
}
