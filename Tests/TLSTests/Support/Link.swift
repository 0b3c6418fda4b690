import Glibc
import Testing

@testable import TLS

/// A client and a server in one thread, at the two ends of one stream.
final class Link {
  enum Kind { case unix, tcp }

  let client: TLSConnection
  let server: TLSConnection
  let clientEnd: Socket
  let serverEnd: Socket

  init(client: TLSContext, server: TLSContext, peerName: String, over kind: Kind = .unix) throws {
    (clientEnd, serverEnd) = try kind == .unix ? Socket.unixPair() : Socket.tcpPair()
    self.client = try TLSConnection(context: client, descriptor: clientEnd.descriptor, peerName: peerName)
    self.server = try TLSConnection(context: server, descriptor: serverEnd.descriptor)
  }

  /// Drives both ends until each has finished or failed, and returns the failures.
  ///
  /// In TLS 1.3 a client learns of a refusal only by its first read, so that is made too.
  func handshake() throws -> (client: TLSError?, server: TLSError?) {
    var clientEnd = Result<TLSProgress, TLSError>.success(.wantsRead)
    var serverEnd = clientEnd
    for _ in 0..<1000 {
      if clientEnd.isOpen { clientEnd = progress(of: client) }
      if serverEnd.isOpen { serverEnd = progress(of: server) }
      if !clientEnd.isOpen, !serverEnd.isOpen { break }
      if !clientEnd.isOpen || !serverEnd.isOpen { try self.serverEnd.waitBriefly() }
    }
    try #require(!clientEnd.isOpen && !serverEnd.isOpen, "the handshake came to no end")
    if serverEnd.failure != nil, clientEnd.failure == nil {
      var buffer = [UInt8](repeating: 0, count: 1)
      do throws(TLSError) { _ = try client.read(into: &buffer) } catch { clientEnd = .failure(error) }
    }
    return (clientEnd.failure, serverEnd.failure)
  }

  /// Handshakes, and fails the test unless both ends are content.
  func establish() throws {
    let failures = try handshake()
    try #require(failures.client == nil && failures.server == nil, "\(failures)")
  }

  private func progress(of connection: TLSConnection) -> Result<TLSProgress, TLSError> {
    do throws(TLSError) { return .success(try connection.handshake()) } catch { return .failure(error) }
  }
}

extension Result where Success == TLSProgress, Failure == TLSError {
  var isOpen: Bool {
    switch self {
    case .success(let progress): progress != .done
    case .failure: false
    }
  }

  var failure: TLSError? {
    switch self {
    case .success: nil
    case .failure(let error): error
    }
  }
}
