import AsyncLoop
import Glibc
import JSON
import Linux
import Testing

@testable import launcher_vmm

/// A machine that a test plays: a process that waits, and what listens at the monitor's socket in an instance's folder.
@LoopActor final class ScriptedMachine {
  /// Ends with what holds the other end of its input.
  let process: pid_t
  private let input: Descriptor
  private let listener: Descriptor
  private var connection: Descriptor?
  private(set) var commands: [String] = []
  /// The slots that it has a disk in.
  var plugged: Set<Int>
  /// What it says to a command, in place of doing it; %ID is the command's number.
  var words: [String: String] = [:]
  /// Connections that were made to its monitor; it hangs up on the first ones before it greets, on others behind the
  /// answer to their first command.
  private(set) var connections = 0
  var rudeRounds = 0
  var shortRounds = 0
  /// Called for each connection that is made.
  var onConnection: (() -> Void)?
  /// Called before it does a command.
  var onCommand: ((String) -> Void)?

  static func refusal(_ text: String) -> String {
    "{\"error\": {\"class\": \"GenericError\", \"desc\": \"\(text)\"}, \"id\": %ID}\n"
  }

  init(in folder: String, plugged: Set<Int>) throws {
    self.plugged = plugged
    let pipe = try Descriptor.pipe()
    input = pipe.writer
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, pipe.reader.raw, STDIN_FILENO)
    var pid: pid_t = 0
    var arguments = [strdup("cat"), nil]
    defer { free(arguments[0]) }
    let code = posix_spawnp(&pid, "cat", &actions, nil, &arguments, environ)
    guard code == 0 else { throw SystemError("spawn", "cat", code: code) }
    process = pid
    listener = try UnixSocket.make(.stream)
    try UnixSocket.listen(listener, at: "\(folder)/\(Machine.qmpSocketName)", backlog: 4)
    LoopActor.loop.onReadable(listener.raw) { [unowned self] in try? accept() }
  }

  /// What a state file says of it.
  var run: InstanceFile.Run? {
    ProcessIdentity.startTime(of: process).map {
      .process(InstanceFile.Run.Process(pid: process, startTime: $0, bootID: ProcessIdentity.bootID()))
    }
  }

  private func accept() throws {
    guard let new = try UnixSocket.accept(listener) else { return }
    close()
    connections += 1
    onConnection?()
    if connections <= rudeRounds { return }
    connection = new
    say("{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n")
    LoopActor.loop.onReadable(new.raw) { [unowned self] in receive(new) }
  }

  private func receive(_ connection: Descriptor) {
    var piece = [UInt8](repeating: 0, count: 4096)
    let count = read(connection.raw, &piece, piece.count)
    guard count > 0 else { return close() }
    defer { if connections <= rudeRounds + shortRounds { close() } }
    for line in piece[..<count].split(separator: UInt8(ascii: "\n")) {
      guard let command = try? JSONValue(parsing: Array(line), limits: JSONLimits(bytes: 4096, depth: 8, nodes: 100))
      else { return }
      carryOut(command)
    }
  }

  private func carryOut(_ command: JSONValue) {
    let (name, id) = (command["execute"]?.string ?? "", command["id"]?.int ?? 0)
    commands.append(name)
    onCommand?(name)
    if let text = words[name] { return say(text.replacing("%ID", with: "\(id)")) }
    let device = command["arguments"]?["id"]?.string ?? ""
    let slot = device.split(separator: "-").last.flatMap { Int($0) } ?? -1
    switch name {
    case "qom-list":
      say(
        "{\"return\": [\(plugged.sorted().map { "{\"name\": \"volume-\($0)\"}" }.joined(separator: ", "))], \"id\": \(id)}\n"
      )
    case "device_del" where plugged.contains(slot):
      plugged.remove(slot)
      // In one piece.
      say("{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"\(device)\"}}\n{\"return\": {}, \"id\": \(id)}\n")
    case "device_del":
      say(
        Self.refusal("no \(device)").replacing("GenericError", with: "DeviceNotFound").replacing("%ID", with: "\(id)"))
    default:
      if name == "device_add" { plugged.insert(slot) }
      say("{\"return\": {}, \"id\": \(id)}\n")
    }
  }

  private func say(_ text: String) {
    guard let connection else { return }
    _ = text.withCString { write(connection.raw, $0, strlen($0)) }
  }

  /// Hangs up.
  func close() {
    guard let connection else { return }
    LoopActor.loop.forget(connection.raw)
    connection.close()
    self.connection = nil
  }

  func end() { kill(process, SIGKILL) }
}
