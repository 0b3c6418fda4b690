import Foundation
import Testing

extension Integration {
  /// How people come to a machine (`-with-ui`).
  @Suite struct ConsoleTests {
    @Test func `nc: people see and type at the serial console, also after a restart of launcher, and the log goes on`()
      async throws
    {
      try await Node.run(Node.Options(["with-ui": "nc"])) { node in
        let instance = try await node.startInstance(StartPayload(image: Node.image, memory: 128))
        let path = "\(node.instances)/\(instance)/console"
        let (one, other) = (try UnixClient(path), try UnixClient(path))
        try await node.wait("both to see the guest", within: 180) {
          try one.text().contains("GUEST-READY") && other.text().contains("GUEST-READY")
        }
        try one.send(Data("hello\n".utf8))
        try await node.wait("the guest's answer") { try other.text().contains("GUEST-TYPED: hello") }
        #expect(try one.text().contains("GUEST-TYPED: hello"))

        try await node.killLauncher()
        try await node.wait("the connection to end") { try one.hasEnded() }
        try await node.startLauncher()
        try await node.state("active", of: instance)
        let third = try UnixClient(path)
        try third.send(Data("again\n".utf8))
        try await node.wait("the guest's answer") { try third.text().contains("GUEST-TYPED: again") }
        try await node.wait("the log") { node.console(instance).contains("GUEST-TYPED: again") }

        // Of launcher-vmm's user alone.
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(try #require(mode) & 0o077 == 0)
        try node.send("STOP", of: instance)
        try await node.state("exited", of: instance)
        #expect(!node.exists(path))
      }
    }

    /// The first message of a SPICE client (spice-protocol, SpiceLinkMess): it asks for the main channel.
    private static let spiceLink: Data = {
      func number(_ value: UInt32) -> Data { withUnsafeBytes(of: value.littleEndian) { Data($0) } }
      let body = number(0) + Data([1, 0]) + number(0) + number(0) + number(18)
      return Data("REDQ".utf8) + number(2) + number(2) + number(UInt32(body.count)) + body
    }()

    @Test func `spice: a client is answered by the machine, which listens nowhere, also after a restart of launcher`()
      async throws
    {
      try await Node.run(Node.Options(["with-ui": "spice"])) { node in
        let instance = try await node.startInstance()
        let path = "\(node.instances)/\(instance)/spice"
        for launcher in ["first", "second"] {
          // Each client has several connections.
          for _ in 0..<3 {
            let client = try UnixClient(path)
            try client.send(Self.spiceLink)
            try await node.wait("the machine's answer under the \(launcher) launcher") {
              try client.read().starts(with: Data("REDQ".utf8))
            }
          }
          guard launcher == "first" else { break }
          try await node.killLauncher()
          try await node.startLauncher()
          try await node.state("active", of: instance)
        }
        let machine = try node.machine(instance)
        for table in ["tcp", "tcp6"] {
          let lines = try String(contentsOfFile: "/proc/\(machine)/net/\(table)", encoding: .utf8)
          let sockets = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(machine)/fd").compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(machine)/fd/\($0)")
          }
          let own = lines.split(separator: "\n").filter { line in
            sockets.contains("socket:[\(line.split(separator: " ").dropFirst(9).first ?? "")]")
          }
          #expect(own.isEmpty, "\(own)")
        }
        try await node.delete(instance)
      }
    }

    @Test func `window: a machine is shown on the display until it ends, and makes no connection of its own`()
      async throws
    {
      var display: XDisplay!
      defer { display?.end() }
      try await Node.run(
        Node.Options(["with-ui": "window"]),
        prepare: {
          display = try XDisplay(in: $0.folder)
          $0.environment["DISPLAY"] = display.name
        }
      ) { node in
        defer { display.end() }
        let instance = try await node.startInstance(StartPayload(image: Node.image, memory: 128))
        try await node.wait("the guest", within: 180) { node.console(instance).contains("GUEST-READY") }
        let title = "\"QEMU (\(instance))\""
        try await node.wait("the window") { try display.windows().contains(title) }
        try expectLog(of: node, "other windows of display \(display.name)")
        #expect(try Audit(node).deviations.isEmpty)
        let other = try await node.startInstance()
        try await node.wait("the other window") { try display.windows().contains("\"QEMU (\(other))\"") }

        let machine = try node.machine(instance)
        try await node.killLauncher()
        try await node.startLauncher()
        try await node.state("active", of: instance)
        #expect(try node.machine(instance) == machine)
        #expect(try display.windows().contains(title))
        try await node.delete(instance)
        try await node.wait("the window to close") { try !display.windows().contains(title) }
        #expect(try display.windows().contains("\"QEMU (\(other))\""))
      }
    }
  }
}

/// A client of a socket in the file system.
private final class UnixClient {
  private let descriptor: Int32
  private var received = Data()
  private var isOver = false

  init(_ path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    let raw = descriptor
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else { throw HarnessError("connect to \(path): \(String(cString: strerror(errno)))") }
  }

  deinit { close(descriptor) }

  func send(_ data: Data) throws {
    let raw = descriptor
    let count = data.withUnsafeBytes { Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    guard count == data.count else { throw HarnessError("send: \(String(cString: strerror(errno)))") }
  }

  /// All that has come by now.
  func read() throws -> Data {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      if count > 0 { received += bytes[..<count] }
      if count == 0 || count < 0 && errno == ECONNRESET { isOver = true }
      guard count > 0 else { return received }
    }
  }

  func text() throws -> String { String(decoding: try read(), as: UTF8.self) }

  func hasEnded() throws -> Bool {
    _ = try read()
    return isOver
  }
}
