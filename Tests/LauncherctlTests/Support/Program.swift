import Foundation
import JSON
import Testing

/// A run of the built launcherctl. It is ended with the last reference, also when the test fails.
final class Program {
  /// How long a test waits for a program, in milliseconds; far more than any of them needs.
  static let patience: Int32 = 20_000

  private let process = Process()
  private let output = Pipe()
  private let errors = Pipe()
  private var text = ""

  init(_ arguments: [String], input: String? = nil) throws {
    process.executableURL = try Self.binary
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = errors
    let input = input.map { Data($0.utf8) }
    let pipe = Pipe()
    process.standardInput = pipe
    try process.run()
    if let input { try pipe.fileHandleForWriting.write(contentsOf: input) }
    try pipe.fileHandleForWriting.close()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// Beside the test bundle.
  private static var binary: URL {
    get throws {
      let bundle = try #require(
        CommandLine.arguments.first { $0.contains(".xctest") } ?? CommandLine.arguments.first)
      var folder = URL(fileURLWithPath: bundle)
      while folder.path != "/" {
        folder.deleteLastPathComponent()
        let candidate = folder.appendingPathComponent("launcherctl")
        if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
      }
      throw CocoaError(.fileNoSuchFile)
    }
  }

  /// The next line of the standard output.
  func line() throws -> String {
    while true {
      if let end = text.firstIndex(of: "\n") {
        defer { text = String(text[text.index(after: end)...]) }
        return String(text[..<end])
      }
      var entry = pollfd(fd: output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
      try #require(poll(&entry, 1, Self.patience) == 1, "launcherctl said nothing for too long; before: \(text)")
      let data = output.fileHandleForReading.availableData
      try #require(!data.isEmpty, "launcherctl ended; it said: \(text)")
      text += String(decoding: data, as: UTF8.self)
    }
  }

  /// Reads lines until one that `isWanted`.
  func line(where isWanted: (String) -> Bool) throws -> String {
    while true {
      let line = try line()
      if isWanted(line) { return line }
    }
  }

  struct Result {
    let status: Int32
    let output: String
    let errors: String

    var json: JSONValue {
      get throws { try JSONValue(parsing: Array(output.utf8), limits: JSONLimits(bytes: 1 << 20)) }
    }
  }

  /// Waits for the end.
  func finish() throws -> Result {
    let rest = try output.fileHandleForReading.readToEnd() ?? Data()
    let complaints = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: text + String(decoding: rest, as: UTF8.self),
      errors: String(decoding: complaints, as: UTF8.self))
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }
}
