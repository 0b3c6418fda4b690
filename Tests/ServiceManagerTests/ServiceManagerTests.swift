import Foundation
import Linux
import Loop
import ServiceManager
import Testing

/// systemd's end of the notification socket.
private final class Listener {
  let path: String
  private let socket: Descriptor

  init(abstract: Bool = false) throws {
    path = abstract ? "@launcher-test-\(UUID())" : NSTemporaryDirectory() + UUID().uuidString
    socket = try UnixSocket.make(.datagrams)
    try UnixSocket.bind(socket, to: path)
  }

  deinit { unlink(path) }

  /// Everything that has arrived.
  func messages() -> [String] {
    var messages: [String] = []
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(socket.raw, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      guard count >= 0 else { return messages }
      messages.append(String(decoding: bytes[..<count], as: UTF8.self))
    }
  }
}

private func manager(_ listener: Listener, watchdog: String? = nil, process: String? = nil) throws -> ServiceManager {
  try ServiceManager(socketPath: listener.path, watchdogMicroseconds: watchdog, watchdogProcess: process)
}

@Suite("What systemd is told") struct ServiceManagerTests {
  @Test("ready is said once, the status each time", arguments: [false, true])
  func ready(abstract: Bool) throws {
    let listener = try Listener(abstract: abstract)
    let service = try manager(listener)
    service.ready("first")
    service.ready("second")
    service.status("third")
    service.stopping()
    #expect(listener.messages() == ["READY=1\nSTATUS=first", "STATUS=second", "STATUS=third", "STOPPING=1"])
  }

  @Test("a status cannot make an assignment of its own") func oneLine() throws {
    let listener = try Listener()
    try manager(listener).status("a\nREADY=1\r\nMAINPID=1")
    #expect(listener.messages() == ["STATUS=a READY=1 MAINPID=1"])
  }

  @Test("signs of life come from the loop, one in each half of the time that systemd waits for one")
  func signsOfLife() throws {
    let listener = try Listener()
    let service = try manager(listener, watchdog: "100000", process: String(getpid()))
    let loop = try EventLoop()
    let begin = Moment.now
    var signs: [String] = []
    func look() {
      signs += listener.messages()
      if signs.count >= 4 || begin.age > 30 { return loop.stop() }
      loop.schedule(at: .after(seconds: 0.005), look)
    }
    service.giveSignsOfLife(on: loop)
    look()
    loop.run()
    #expect(Set(signs) == ["WATCHDOG=1"])
    #expect(signs.count == 4)
    #expect(begin.age >= 0.15)
  }

  @Test("no sign of life where none is waited for", arguments: [(nil, nil), ("0", nil), ("x", nil), ("100000", "1")])
  func noWatchdog(time: String?, process: String?) throws {
    let listener = try Listener()
    try manager(listener, watchdog: time, process: process).giveSignsOfLife(on: EventLoop())
    #expect(listener.messages().isEmpty)
  }

  @Test("without systemd nothing is said") func alone() throws {
    let service = try ServiceManager(socketPath: nil, watchdogMicroseconds: "100000", watchdogProcess: nil)
    let loop = try EventLoop()
    service.giveSignsOfLife(on: loop)
    service.ready("ready")
    // The loop has nothing to wait for but this.
    loop.schedule(at: .now) { loop.stop() }
    loop.run()
  }

  @Test("a socket that is not there is an error that names it") func missing() throws {
    let error = #expect(throws: SystemError.self) {
      try ServiceManager(socketPath: "/nonexistent/notify", watchdogMicroseconds: nil, watchdogProcess: nil)
    }
    #expect(error?.description == "connect /nonexistent/notify: No such file or directory")
  }
}
