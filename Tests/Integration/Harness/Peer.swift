import Foundation

/// The scheduler: a server in Go that knows nothing of launcher's code. Its reports go to a file, so that it never
/// waits for the test to read them.
final class Peer {
  private let process: ChildProcess
  private let commands: InputSocket
  private let reports: String
  private var bytesRead = 0
  private(set) var events: [PeerEvent] = []
  private(set) var frames: [Frame] = []

  /// Starts it on a free port of 127.0.0.1, or on `port`.
  /// `wrapper` is a command that executes it.
  convenience init(
    _ program: String, certificates: String, folder: String, port: Int = 0, through wrapper: [String] = [],
    _ options: [String] = []
  ) throws {
    try self.init(
      wrapper + [
        program, "-listen", "127.0.0.1:\(port)", "-ca", "\(certificates)/ca.pem", "-cert",
        "\(certificates)/server.pem",
      ] + options, folder: folder)
  }

  /// Starts one that misbehaves, in each way on a port of its own (Tests/Peer/misbehave.go).
  convenience init(_ program: String, misbehaving conducts: [String], certificates: String, folder: String) throws {
    try self.init([program, "misbehave", certificates] + conducts, folder: folder)
  }

  private init(_ arguments: [String], folder: String) throws {
    reports = "\(folder)/peer-\(UUID().uuidString).jsonl"
    commands = try InputSocket()
    let output = open(reports, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    let errors = open("\(folder)/peer.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer {
      close(output)
      close(errors)
    }
    process = try commands.start(arguments, output: output, error: errors)
  }

  var pid: pid_t { process.pid }

  /// The port that it listens on, once it does.
  func port() async throws -> Int { try await ports(1)[0] }

  /// As many ports, in order, once it listens on all.
  func ports(_ count: Int) async throws -> [Int] {
    var ports: [Int] = []
    _ = try await eventually {
      try read()
      ports = events.filter { $0.event == "listening" }.compactMap {
        $0.address?.split(separator: ":").last.flatMap { Int($0) }
      }
      return ports.count == count || process.hasEnded
    }
    guard ports.count == count else { throw HarnessError("the peer does not listen") }
    return ports
  }

  /// Takes in what the peer has reported since.
  func read() throws {
    guard let file = FileHandle(forReadingAtPath: reports) else { return }
    defer { try? file.close() }
    try file.seek(toOffset: UInt64(bytesRead))
    let data = try file.readToEnd() ?? Data()
    guard let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return }
    bytesRead += end - data.startIndex + 1
    for line in data[...end].split(separator: UInt8(ascii: "\n")) {
      let event = try JSONDecoder().decode(PeerEvent.self, from: line)
      events.append(event)
      guard event.event == "frame" else { continue }
      frames.append(
        Frame(
          index: frames.count, client: event.client ?? 0, type: event.type ?? "", operand: event.operand ?? "",
          payload: event.payload ?? ""))
    }
  }

  /// Gives it a command (Tests/Peer/command.go).
  func `do`(_ command: [String: Any]) throws {
    try commands.send(line: JSONSerialization.data(withJSONObject: command))
  }

  /// Ends it as a crash does, and waits until its port is free.
  func kill() {
    process.signal(SIGKILL)
    _ = process.waitForEnd()
  }

  /// Ends one that takes no commands, and waits for its end.
  func endInput() async throws {
    commands.close()
    guard try await eventually({ process.hasEnded }) else { throw HarnessError("the peer does not end") }
  }

  /// Ends it, by its own command first.
  func stop() async throws {
    try? `do`(["do": "quit"])
    if try await !eventually(within: 10, { process.hasEnded }) {
      process.signal(SIGKILL)
      _ = try await eventually(within: 10) { process.hasEnded }
    }
  }
}
