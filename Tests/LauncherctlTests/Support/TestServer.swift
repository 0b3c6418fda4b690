import Foundation
import JSON
import TLS
import Testing

/// `launcherctl serve` on a free port in a folder of its own.
final class TestServer {
  let folder: Folder
  let program: Program
  let port: UInt16

  init(in folder: Folder? = nil, _ options: String...) throws {
    self.folder = try folder ?? Folder()
    program = try Program(["serve", "-dir", self.folder.path, "-listen", "127.0.0.1:0"] + options)
    let line = try program.line { $0.contains("listens on") }
    let match = try #require(line.firstMatch(of: /127\.0\.0\.1:(\d+)/))
    port = try #require(UInt16(match.1))
  }

  /// A command to this server, run to its end.
  @discardableResult
  func run(_ arguments: String..., input: String? = nil) throws -> Program.Result {
    try launch(arguments, input: input).finish()
  }

  /// A command to this server that goes on beside the test.
  func launch(_ arguments: [String], input: String? = nil) throws -> Program {
    try Program(arguments + ["--dir", folder.path], input: input)
  }

  /// The server's answer as a list of objects.
  func list(_ command: String) throws -> [JSONValue] {
    try #require(try run(command, "-json").json.array)
  }

  /// Asks until the answer is as wanted: the server takes a moment to read what a client sent.
  func eventually(_ command: String, _ isWanted: ([JSONValue]) -> Bool) throws -> [JSONValue] {
    let end = Date().addingTimeInterval(Double(Program.patience) / 1000)
    while true {
      let items = try list(command)
      if isWanted(items) { return items }
      try #require(Date() < end, "\(command) stayed \(items)")
    }
  }

  /// Reads the journal until an entry is as wanted.
  func awaitEvent(_ isWanted: (JSONValue) -> Bool) throws -> JSONValue {
    let program = try launch(["events", "-follow", "-json"])
    while true {
      let entry = try JSONValue(parsing: Array(program.line().utf8), limits: JSONLimits(bytes: 1 << 20))
      if isWanted(entry) { return entry }
    }
  }

  func clientContext(_ certificate: String = "agent.pem") throws -> TLSContext {
    try .client(authorities: folder.read("ca.pem"), identity: folder.read(certificate))
  }
}
