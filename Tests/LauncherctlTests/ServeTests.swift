import Foundation
import Glibc
import JSON
import Linux
import SSNTP
import TLS
import Testing

/// The server against clients of every kind, and beside other servers.
@Suite(.serialized) struct ServeTests {
  @Test func aRoleThatTheCertificateDoesNotBackIsRefused() throws {
    let server = try TestServer()
    for role in [Role.networkAgent, .controller, [.agent, .networkAgent], [], Role(rawValue: 0x104)] {
      let client = try TestClient(server)
      guard case .frame(let frame)? = try client.connect(role: role) else {
        Issue.record("role \(role) was taken")
        continue
      }
      #expect(frame.error == .connectionAborted)
      #expect(try client.receive() == nil)
    }
    let entry = try server.awaitEvent { $0["kind"] == "refused" }
    #expect(entry["detail"]?.string?.contains("backs agent, but the client says that it is network agent") == true)
    #expect(try server.list("clients").isEmpty)
  }

  @Test func aNetworkAgentConnectsWithItsOwnCertificate() throws {
    let server = try TestServer()
    let client = try TestClient(server, certificate: "netagent.pem")
    guard case .connected? = try client.connect(role: .networkAgent) else {
      Issue.record("refused")
      return
    }
    #expect(try server.list("clients").first?["role"] == "network agent")
  }

  @Test func aClientOfAnotherAuthorityIsRefused() throws {
    let server = try TestServer()
    let other = try Folder()
    #expect(try Program(["certs", other.path]).finish().status == 0)
    let socket = try connectedSocket(to: server.port)
    let context = try TLSContext.client(
      authorities: server.folder.read("ca.pem"), identity: other.read("agent.pem"))
    let tls = try TLSConnection(context: context, descriptor: socket.raw, peerName: "localhost")
    #expect(throws: TLSError.self) {
      var buffer = [UInt8](repeating: 0, count: 10)
      while true {
        var entry = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
        if try tls.handshake() == .done, try tls.read(into: &buffer) == .closed { return }
        guard poll(&entry, 1, Program.patience) == 1 else { throw SocketFailure(step: "poll") }
      }
    }
    #expect(try server.awaitEvent { $0["kind"] == "refused" }["detail"]?.string?.isEmpty == false)
  }

  @Test func hostileBytesDoNotEndTheServer() throws {
    let server = try TestServer()
    let good = try TestClient.agent(server)

    let plain = try connectedSocket(to: server.port)
    let text = Array("GET / HTTP/1.0\r\n\r\n".utf8)
    #expect(write(plain.raw, text, text.count) == text.count)

    // In place of CONNECT: noise, a message of 2^62 bytes, a message of no bytes.
    for bytes: [UInt8] in [Array(0...255), [0xf8, 0x40, 0, 0, 0, 0, 0, 0, 0], [0]] {
      let client = try TestClient(server)
      try client.send(bytes)
      #expect(try isClosed(client))
    }
    // A frame where CONNECT must be.
    let early = try TestClient(server)
    try early.send(.status(.ready, origin: early.uuid))
    #expect(try isClosed(early))

    // Behind CONNECT: noise, and a frame beyond the limit.
    let noisy = try TestClient.agent(server)
    try noisy.send([UInt8](repeating: 0xff, count: 1000))
    #expect(try isClosed(noisy))
    let large = try TestClient.agent(server)
    try? large.send(.event(.tenantAdded, origin: large.uuid, payload: [UInt8](repeating: 0x20, count: 3 << 20)))
    #expect(try isClosed(large))

    // Payloads that are no YAML, frames of unknown kinds.
    try good.send(.command(.stats, origin: good.uuid, payload: [0xff, 0xfe, 0x00]))
    try good.send(.error(.startFailure, origin: good.uuid, payload: Array("[[[[[[[[[[[[[[[[[[[[[[[[".utf8)))
    try good.send(Frame(type: FrameType.event.rawValue, operand: 200, origin: good.uuid))
    try good.send(Frame(type: 77, operand: 1, origin: good.uuid))
    #expect(try good.receiveFrame().error == .invalidFrameType)

    try good.sendStats([firstInstance: .active])
    _ = try server.eventually("instances") { $0.count == 1 }
    #expect(try server.list("clients").count == 1)
  }

  /// A client may learn of the end in due form or by a reset.
  private func isClosed(_ client: TestClient) throws -> Bool {
    do {
      return try client.receive() == nil
    } catch is TLSError {
      return true
    }
  }

  @Test func moreConnectionsThanAllowedAreClosed() throws {
    let server = try TestServer()
    let sockets = try (0..<262).map { _ in try connectedSocket(to: server.port) }
    let last = try #require(sockets.last)
    var entry = pollfd(fd: last.raw, events: Int16(POLLIN), revents: 0)
    #expect(poll(&entry, 1, Program.patience) == 1)
    #expect(try server.awaitEvent { $0["kind"] == "refused" }["detail"] == "more than 256 connections")
    for socket in sockets { socket.close() }
    // The server finds the ends before it takes the next: it is asked until there is room.
    let end = Date().addingTimeInterval(Double(Program.patience) / 1000)
    while (try? TestClient.agent(server)) == nil { try #require(Date() < end) }
  }

  @Test func aNewConnectionOfTheSameClientReplacesTheOld() throws {
    let server = try TestServer()
    let old = try TestClient.agent(server)
    let new = try TestClient.agent(server, uuid: old.uuid)
    #expect(try old.receive() == nil)
    #expect(try server.list("clients").count == 1)
    try server.run("stop", firstInstance, "-node", old.uuid.description)
    #expect(try new.receiveFrame().command == .stop)
  }

  @Test func theServersUUIDStaysForTheRun() throws {
    let server = try TestServer()
    var uuids: Set<NodeUUID> = []
    for _ in 0..<2 {
      guard case .connected(let answer)? = try TestClient(server).connect(role: .agent) else { continue }
      uuids.insert(answer.source)
    }
    #expect(uuids.count == 1)
    #expect(!uuids.contains(.zero))
  }

  @Test func aSecondServerInTheSameFolderIsRefusedByName() throws {
    let server = try TestServer()
    let second = try server.run("serve", "-listen", "127.0.0.1:0")
    #expect(second.status == 1)
    #expect(second.errors.contains("a server already runs in"))
    #expect(second.errors.contains("(process "))
    #expect(try server.list("clients").isEmpty)
  }

  @Test func theSocketOfADeadServerIsReplaced() throws {
    let folder = try Folder()
    var first: TestServer? = try TestServer(in: folder)
    let authority = try folder.read("ca.pem")
    first?.program.signal(SIGKILL)
    first = nil
    #expect(try folder.names.contains("control"))
    let second = try TestServer(in: folder)
    #expect(try second.list("clients").isEmpty)
    #expect(try folder.read("ca.pem") == authority)
  }

  @Test(arguments: [SIGINT, SIGTERM]) func aSignalEndsTheServerAndRemovesItsSocket(number: Int32) throws {
    let server = try TestServer()
    let agent = try TestClient.agent(server)
    #expect(try server.folder.mode(of: "control") == 0o600)
    server.program.signal(number)
    #expect(try server.program.finish().status == 0)
    #expect(try agent.receive() == nil)
    #expect(try server.folder.names == ["agent.pem", "ca.pem", "netagent.pem", "server.pem"])
  }

  @Test func aServerThatCannotListenLeavesNoSocket() throws {
    let server = try TestServer()
    let folder = try Folder()
    let result = try Program(["serve", "-dir", folder.path, "-listen", "127.0.0.1:\(server.port)"]).finish()
    #expect(result.status == 1)
    #expect(result.errors.contains("Address already in use"))
    #expect(try !folder.names.contains("control"))
  }

  @Test func certificatesAreMadeOnceAndNeverOverwritten() throws {
    let folder = try Folder()
    #expect(try Program(["certs", folder.path, "-hosts", "scheduler.example,127.0.0.1"]).finish().status == 0)
    #expect(try folder.mode(of: "ca.pem") == 0o644)
    for name in ["server.pem", "agent.pem", "netagent.pem"] {
      #expect(try folder.mode(of: name) == 0o600)
      let text = try String(decoding: folder.read(name), as: UTF8.self)
      #expect(text.hasPrefix("-----BEGIN CERTIFICATE") && text.contains("PRIVATE KEY"))
    }
    #expect(try !String(decoding: folder.read("ca.pem"), as: UTF8.self).contains("PRIVATE"))
    let before = try folder.read("agent.pem")
    let again = try Program(["certs", folder.path]).finish()
    #expect(again.status == 1)
    #expect(again.errors.contains("exists already"))
    #expect(try folder.read("agent.pem") == before)
  }

  @Test func anIncompleteSetOfCertificatesIsRefused() throws {
    let folder = try Folder()
    _ = try folder.write("x", to: "ca.pem")
    let result = try Program(["serve", "-dir", folder.path, "-listen", "127.0.0.1:0"]).finish()
    #expect(result.status == 1)
    #expect(result.errors.contains("server.pem is missing"))
  }

  @Test func theControlSocketRefusesWhatIsNoRequest() throws {
    let server = try TestServer()
    for text in ["nonsense\n", "{\"request\":\"other\"}\n", String(repeating: "x", count: 3 << 20) + "\n"] {
      let socket = try UnixSocket.make(.stream)
      try UnixSocket.connect(socket, to: "\(server.folder.path)/control")
      var rest = Array(text.utf8)[...]
      var answer = ""
      var buffer = [UInt8](repeating: 0, count: 1000)
      while true {
        var entry = pollfd(fd: socket.raw, events: Int16(rest.isEmpty ? POLLIN : POLLIN | POLLOUT), revents: 0)
        try #require(poll(&entry, 1, Program.patience) == 1)
        if !rest.isEmpty, entry.revents & Int16(POLLOUT) != 0 {
          let count = rest.withUnsafeBytes { send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
          rest = count < 0 ? [] : rest.dropFirst(count)
        }
        guard entry.revents & Int16(POLLIN | POLLHUP) != 0 else { continue }
        let count = read(socket.raw, &buffer, buffer.count)
        if count <= 0 { break }
        answer += String(decoding: buffer[..<count], as: UTF8.self)
      }
      #expect(answer.hasPrefix("{\"error\":"))
    }
    #expect(try server.list("clients").isEmpty)
  }
}
