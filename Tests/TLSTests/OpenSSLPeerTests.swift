import COpenSSL
import CertificateAuthority
import Foundation
import Testing

@testable import TLS

/// Against a TLS peer of another making: the `openssl` program, over TCP on the loopback interface.
@Suite struct OpenSSLPeerTests {
  private let cluster: Cluster
  private let folder: Folder

  init() throws {
    cluster = try Cluster()
    folder = try Folder()
    try folder.write(cluster.authority.certificatePEM, to: "ca.pem")
    try folder.write(cluster.authority.identity.privateKeyPEM, to: "ca-key.pem")
    try folder.write(cluster.server.identityPEM, to: "server.pem")
    try folder.write(cluster.agent.identityPEM, to: "agent.pem")
  }

  // MARK: This side is the client

  private func startServer(_ more: String..., certificate: String = "server.pem") throws -> (OpenSSLProgram, Socket) {
    let server = try OpenSSLProgram(
      [
        "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-cert", certificate, "-key", certificate, "-CAfile",
        "ca.pem", "-purpose", "any", "-Verify", "3", "-verify_return_error", "-rev",
      ] + more, in: folder)
    let port = try server.waitFor(/ACCEPT 127\.0\.0\.1:(\d+)/).output.1
    return (server, try Socket.connected(to: try #require(UInt16(port))))
  }

  private func connect(_ socket: Socket, context: TLSContext? = nil) throws -> TLSConnection {
    let connection = try TLSConnection(
      context: context ?? cluster.clientContext(), descriptor: socket.descriptor, peerName: "localhost")
    try connection.handshake(over: socket)
    return connection
  }

  @Test(arguments: [("-tls1_2", "TLSv1.2 ECDHE-"), ("-tls1_3", "TLSv1.3 TLS_")])
  func aClientTalksToAServer(option: String, negotiated: String) throws {
    let (server, socket) = try startServer(option)
    let connection = try connect(socket)
    #expect(connection.negotiated.hasPrefix(negotiated))
    #expect(connection.peerRoles == [.scheduler, .server])
    try connection.send("stressed\n", over: socket)
    #expect(try connection.receive(9, over: socket) == "desserts\n")
    connection.close()
    socket.close()
    _ = try server.finish()
  }

  @Test func aServerThatCannotDoTLS12IsRefused() throws {
    let (server, socket) = try startServer("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
    defer { server.kill() }
    #expect {
      _ = try connect(socket)
    } throws: {
      "\($0)".contains("the peer does not speak TLS 1.2 or later") || "\($0)".contains("must speak TLS 1.2 or later")
    }
  }

  @Test(arguments: ["-tls1_2", "-tls1_3"])
  func aClientThatTheServerDoesNotTrustIsToldSo(option: String) throws {
    let theirs = try Cluster(authority: CertificateAuthority(CertificateProfile(commonName: "x", isAuthority: true)))
    let stranger = try TLSContext.client(
      authorities: cluster.authority.certificatePEM, identity: theirs.agent.identityPEM)
    let (server, socket) = try startServer(option)
    defer { server.kill() }
    #expect {
      let connection = try connect(socket, context: stranger)
      _ = try connection.receive(1, over: socket)
    } throws: {
      "\($0)".contains("alert 48 (unknown CA)")
    }
  }

  @Test func aServerWithAnRSAKeyIsAccepted() throws {
    try folder.write(
      Array("subjectAltName=DNS:localhost\nextendedKeyUsage=anyExtendedKeyUsage,1.3.6.1.4.1.343.8.2\n".utf8),
      to: "extensions")
    try OpenSSLProgram.issueRSA("rsa", by: "ca", in: folder)
    try folder.write(folder.read("rsa.pem", "rsa-key.pem"), to: "both.pem")
    let (server, socket) = try startServer(certificate: "both.pem")
    defer { server.kill() }
    #expect(try connect(socket).peerRoles == .scheduler)
  }

  @Test func aServerThatIsKilledIsNoticed() throws {
    let (server, socket) = try startServer()
    let connection = try connect(socket)
    // Once it has answered it has read all there is; the kernel would reset the stream else.
    try connection.send("a\n", over: socket)
    #expect(try connection.receive(2, over: socket) == "a\n")
    server.kill()
    #expect(throws: TLSError.cutOff(during: .read)) { try connection.receive(1, over: socket) }
  }

  // MARK: This side is the server

  private func startClient(_ more: String..., certificate: String? = "agent.pem") throws -> (OpenSSLProgram, Socket) {
    let (listener, port) = try Socket.listening()
    let identity = certificate.map { ["-cert", $0, "-key", $0] } ?? []
    let client = try OpenSSLProgram(
      [
        "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", "ca.pem", "-purpose", "any", "-verify_return_error",
        "-verify_hostname", "localhost",
      ] + identity + more, in: folder)
    return (client, try listener.accepted())
  }

  private func accept(_ socket: Socket) throws -> TLSConnection {
    let connection = try TLSConnection(context: cluster.serverContext(), descriptor: socket.descriptor)
    try connection.handshake(over: socket)
    return connection
  }

  @Test(arguments: [("-tls1_2", "TLSv1.2 ECDHE-"), ("-tls1_3", "TLSv1.3 TLS_")])
  func aServerTalksToAClient(option: String, negotiated: String) throws {
    let (client, socket) = try startClient(option, "-quiet")
    let connection = try accept(socket)
    #expect(connection.negotiated.hasPrefix(negotiated))
    #expect(connection.peerRoles == .agent)
    client.send("hello\n")
    #expect(try connection.receive(6, over: socket) == "hello\n")
    try connection.send("goodbye\n", over: socket)
    connection.close()
    socket.close()
    #expect(try client.finish().contains("goodbye\n"))
  }

  @Test(arguments: ["-tls1_2", "-tls1_3"])
  func aClientWithoutCertificateIsRefused(option: String) throws {
    let (client, socket) = try startClient(option, certificate: nil)
    #expect {
      _ = try accept(socket)
    } throws: {
      "\($0)".contains("peer did not return a certificate; both sides must present a certificate")
    }
    socket.close()
    #expect(try client.finish().contains(/alert (handshake failure|certificate required)/))
  }

  @Test(arguments: ["-tls1", "-tls1_1"])
  func aClientThatCannotDoTLS12IsRefused(option: String) throws {
    let (client, socket) = try startClient(option, "-cipher", "DEFAULT@SECLEVEL=0")
    #expect {
      _ = try accept(socket)
    } throws: {
      "\($0)".contains("the peer must speak TLS 1.2 or later")
    }
    socket.close()
    #expect(try client.finish().contains("alert protocol version"))
  }

  @Test(arguments: ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "NULL"])
  func aCipherWithoutForwardSecrecyOrAuthenticatedEncryptionIsRefused(cipher: String) throws {
    let (client, socket) = try startClient("-tls1_2", "-cipher", "\(cipher):@SECLEVEL=0")
    defer { client.kill() }
    #expect {
      _ = try accept(socket)
    } throws: {
      "\($0)".contains("no shared cipher")
    }
  }

  @Test func aClientThatAsksForRenegotiationGetsNone() throws {
    let (client, socket) = try startClient("-tls1_2")
    let connection = try accept(socket)
    client.send("R\n")
    _ = try client.waitFor(/RENEGOTIATING/)
    #expect(throws: TLSError.self) { try connection.receive(1, over: socket) }
  }

  @Test func noSessionCanBeResumed() throws {
    for option in ["-tls1_2", "-tls1_3"] {
      let (client, socket) = try startClient(option)
      let connection = try accept(socket)
      connection.close()
      socket.close()
      let text = try client.finish()
      #expect(!text.contains("session ticket:"), "\(text)")
      #expect(!text.contains(/Session-ID: [0-9A-F]+\n/), "\(text)")
    }
  }
}

extension TLSConnection {
  fileprivate func handshake(over socket: Socket) throws {
    while true {
      switch try handshake() {
      case .done: return
      case .wantsRead: try socket.wait(for: POLLIN)
      case .wantsWrite: try socket.wait(for: POLLOUT)
      }
    }
  }

  fileprivate func send(_ text: String, over socket: Socket) throws {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      switch try write(rest) {
      case .bytes(let count): rest = rest.dropFirst(count)
      case .wantsRead: try socket.wait(for: POLLIN)
      case .wantsWrite: try socket.wait(for: POLLOUT)
      }
    }
  }

  fileprivate func receive(_ count: Int, over socket: Socket) throws -> String {
    var received: [UInt8] = []
    while received.count < count {
      var buffer = [UInt8](repeating: 0, count: count - received.count)
      switch try read(into: &buffer) {
      case .bytes(let count): received += buffer[..<count]
      case .wantsRead: try socket.wait(for: POLLIN)
      case .wantsWrite: try socket.wait(for: POLLOUT)
      case .closed: return String(decoding: received, as: UTF8.self)
      }
    }
    return String(decoding: received, as: UTF8.self)
  }
}
