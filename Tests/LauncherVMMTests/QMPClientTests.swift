import AsyncLoop
import Glibc
import Linux
import TestSupport
import Testing

@testable import launcher_vmm

/// A scripted QEMU at a socket in a folder of its own, and a client of it.
@LoopActor private final class Monitor {
  let folder: TemporaryFolder
  private let listener: Descriptor
  private var connection: Descriptor?
  var received = ""
  var events: [String] = []
  var closes = 0
  private(set) var blocks = 0

  init() throws {
    folder = try TemporaryFolder()
    listener = try UnixSocket.make(.stream)
    try UnixSocket.listen(listener, at: "\(folder.path)/socket", backlog: 1)
  }

  func client() throws -> QMPClient {
    let client = try QMPClient(
      "socket", in: folder.handle, onEvent: { [unowned self] name, _ in events.append(name) },
      onClose: { [unowned self] in closes += 1 })
    connection = try UnixSocket.accept(listener)
    return client
  }

  func say(_ text: String) {
    guard let connection else { return }
    _ = text.withCString { write(connection.raw, $0, strlen($0)) }
  }

  /// Says what has no end, for as long as the client listens.
  func flood(_ client: QMPClient) async {
    while client.closed == nil, blocks < 1000 {
      say(String(repeating: "x", count: 16_384))
      blocks += 1
      await LoopActor.sleep(until: .now)
    }
  }

  func greet() { say("{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n") }

  /// Answers each command by the script, which gets the line.
  func answer(_ script: @escaping (String) -> String) {
    guard let connection else { return }
    LoopActor.loop.onReadable(connection.raw) { [unowned self] in
      var piece = [UInt8](repeating: 0, count: 4096)
      let count = read(connection.raw, &piece, piece.count)
      guard count > 0 else { return end() }
      let text = String(decoding: piece[..<count], as: UTF8.self)
      received += text
      for line in text.split(separator: "\n") { say(script(String(line))) }
    }
  }

  func whenEnded(_ action: @escaping () -> Void) {
    guard let connection else { return }
    LoopActor.loop.onReadable(connection.raw) { [unowned self] in
      end()
      action()
    }
  }

  func end() {
    guard let connection else { return }
    LoopActor.loop.forget(connection.raw)
    connection.close()
    self.connection = nil
  }
}

/// Answers every command with success.
private func agree(_ line: String) -> String {
  let id = line.split(separator: "\"id\":").last.map { $0.prefix { $0.isNumber || $0 == " " } } ?? ""
  return "{\"return\": {}, \"id\": \(id)}\r\n"
}

extension QMPClient {
  /// What the error says, "none" when there is none.
  fileprivate func failureToNegotiate(within seconds: Double) async -> String {
    do {
      try await negotiate(until: .after(seconds: seconds))
      return "none"
    } catch {
      return "\(error)"
    }
  }

  fileprivate func failure(of command: String, within seconds: Double) async -> String {
    do {
      try await execute(command, until: .after(seconds: seconds))
      return "none"
    } catch {
      return "\(error)"
    }
  }
}

@Test func aMonitorThatGreetsTakesCommandsAndTellsEvents() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let monitor = try Monitor()
      let client = try monitor.client()
      monitor.greet()
      monitor.say("{\"event\": \"RESUME\"}\r\n{\"unknown\": 1}\r\n")
      monitor.answer(agree)
      try await client.negotiate(until: .after(seconds: 20))
      #expect(client.peer == getpid())
      _ = try await client.execute("quit", until: .after(seconds: 20))
      let lines = monitor.received.split(separator: "\n")
      #expect(lines.count == 2)
      #expect(lines[0].contains("\"qmp_capabilities\"") && lines[1].contains("\"quit\""))
      #expect(monitor.events == ["RESUME"])
      #expect(monitor.closes == 0)
      client.close()
      #expect(monitor.closes == 0)
      monitor.end()
    }
  }
}

@Test func anErrorIsTheFailureOfItsCommandOnly() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let monitor = try Monitor()
      let client = try monitor.client()
      monitor.greet()
      monitor.answer { line in
        line.contains("bad")
          ? agree(line).replacing("\"return\": {}", with: "\"error\": {\"desc\": \"no such thing\"}") : agree(line)
      }
      try await client.negotiate(until: .after(seconds: 20))
      let text = await client.failure(of: "bad", within: 20)
      #expect(text == "QMP: no such thing")
      _ = try await client.execute("good", until: .after(seconds: 20))
      client.close()
      monitor.end()
    }
  }
}

@Test func aMonitorThatSaysNothingIsATimeOut() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let monitor = try Monitor()
      let client = try monitor.client()
      let text = await client.failureToNegotiate(within: 0.01)
      #expect(text == "QMP: no answer to the connection in time")
      monitor.greet()
      let second = await client.failureToNegotiate(within: 0.01)
      #expect(second == "QMP: no answer to qmp_capabilities in time")
      client.close()
    }
  }
}

@Test func aMonitorThatEndsFailsWhatWaitsWithTheReason() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let monitor = try Monitor()
      let client = try monitor.client()
      monitor.greet()
      monitor.answer { line in
        if line.contains("qmp_capabilities") { return agree(line) }
        LoopActor.loop.schedule(at: .now) { monitor.end() }
        return ""
      }
      try await client.negotiate(until: .after(seconds: 20))
      let text = await client.failure(of: "quit", within: 20)
      #expect(text == "QMP: connection closed: the machine ended it")
      #expect(monitor.closes == 1)
      let later = await client.failure(of: "quit", within: 20)
      #expect(later == text)
    }
  }
}

@Test func whatIsNoJSONEndsTheConnection() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let monitor = try Monitor()
      let client = try monitor.client()
      monitor.say("hello\n")
      let text = await client.failureToNegotiate(within: 20)
      #expect(text.hasPrefix("QMP: connection closed: "))
      #expect(monitor.closes == 1)
    }
  }
}

@Test func aFloodWithoutLineEndIsBounded() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let monitor = try Monitor()
      let client = try monitor.client()
      LoopActor.start { await monitor.flood(client) }
      let text = await client.failureToNegotiate(within: 20)
      #expect(text.hasPrefix("QMP: connection closed: "))
      #expect(monitor.blocks < 50)
    }
  }
}

@Test func descriptorsFromAMachineEndTheConnection() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let folder = try TemporaryFolder()
      let listener = try UnixSocket.make(.stream)
      try UnixSocket.listen(listener, at: "\(folder.path)/socket", backlog: 1)
      let client = try QMPClient("socket", in: folder.handle, onEvent: { _, _ in }, onClose: {})
      let connection = try #require(try UnixSocket.accept(listener))
      try #require(sendDescriptor(over: connection))
      let text = await client.failureToNegotiate(within: 20)
      #expect(text == "QMP: connection closed: Message too long")
    }
  }
}

@Test func aSocketWhereNobodyListensIsAnError() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let folder = try TemporaryFolder()
      #expect(throws: QMPClient.Failure.self) {
        try QMPClient("socket", in: folder.handle, onEvent: { _, _ in }, onClose: {})
      }
    }
  }
}

@Test func aClientThatNobodyHoldsAnyMoreIsClosed() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let monitor = try Monitor()
      var client: QMPClient? = try monitor.client()
      #expect(client?.closed == nil)
      var hasEnded = false
      monitor.whenEnded { hasEnded = true }
      client = nil
      while !hasEnded { await LoopActor.sleep(until: .after(seconds: 0.001)) }
      #expect(monitor.closes == 0)
    }
  }
}
