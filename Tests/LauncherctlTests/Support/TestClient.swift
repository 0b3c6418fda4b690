import Glibc
import Instances
import Linux
import SSNTP
import TLS
import Testing

struct SocketFailure: Error {
  let step: String
  let code = errno
}

/// A TCP connection to a port of the loopback interface.
func connectedSocket(to port: UInt16) throws -> Descriptor {
  signal(SIGPIPE, SIG_IGN)
  let socket = Descriptor(Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  let result = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(socket.raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
  guard result == 0 else { throw SocketFailure(step: "connect") }
  try socket.setNonBlocking()
  return socket
}

/// An SSNTP client that waits for whatever it does.
final class TestClient {
  let uuid: NodeUUID
  private let socket: Descriptor
  private let tls: TLSConnection
  private let dialect: SSNTPDialect
  private var reader: FrameReader
  private var writer = FrameWriter()

  /// Connects up to the end of the TLS handshake.
  init(
    _ server: TestServer, certificate: String = "agent.pem", uuid: NodeUUID = .random(),
    _ dialect: SSNTPDialect = .v2016
  )
    throws
  {
    self.uuid = uuid
    self.dialect = dialect
    reader = FrameReader(at: .client, dialect)
    socket = try connectedSocket(to: server.port)
    tls = try TLSConnection(
      context: server.clientContext(certificate), descriptor: socket.raw, peerName: "localhost")
    while true {
      switch try tls.handshake() {
      case .done: return
      case .wantsRead: try wait(for: POLLIN)
      case .wantsWrite: try wait(for: POLLOUT)
      }
    }
  }

  deinit { close() }

  func close() {
    guard socket.raw >= 0 else { return }
    tls.close()
    socket.close()
  }

  /// An agent that is connected.
  static func agent(_ server: TestServer, uuid: NodeUUID = .random(), _ dialect: SSNTPDialect = .v2016) throws
    -> TestClient
  {
    let client = try TestClient(server, uuid: uuid, dialect)
    guard case .connected(let answer)? = try client.connect(role: .agent) else {
      throw SocketFailure(step: "CONNECT")
    }
    #expect(answer.destination == client.uuid)
    #expect(answer.role.contains(.scheduler))
    return client
  }

  /// Sends CONNECT; the answer, nil when the server closes the connection.
  func connect(role: Role) throws -> Incoming? {
    try send(writer.encode(connect: ConnectFrame(role: role, source: uuid)))
    return try receive()
  }

  func send(_ frame: Frame) throws {
    try send(writer.encode(frame: try #require(frame.translated(to: dialect))))
  }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      switch try tls.write(rest) {
      case .bytes(let count): rest = rest.dropFirst(count)
      case .wantsRead: try wait(for: POLLIN)
      case .wantsWrite: try wait(for: POLLOUT)
      }
    }
  }

  /// The next value from the server; nil when it closed the connection.
  func receive() throws -> Incoming? {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      if let incoming = try reader.next() { return incoming }
      switch try tls.read(into: &buffer) {
      case .bytes(let count): reader.feed(Array(buffer[..<count]))
      case .closed: return nil
      case .wantsRead: try wait(for: POLLIN)
      case .wantsWrite: try wait(for: POLLOUT)
      }
    }
  }

  func receiveFrame() throws -> Frame {
    guard case .frame(let frame)? = try receive() else { throw SocketFailure(step: "receive a frame") }
    return frame
  }

  private func wait(for events: Int32) throws {
    var entry = pollfd(fd: socket.raw, events: Int16(events), revents: 0)
    guard poll(&entry, 1, Program.patience) == 1 else { throw SocketFailure(step: "poll") }
  }
}
