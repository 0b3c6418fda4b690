import AsyncLoop
import CertificateAuthority
import Channel
import Glibc
import Linux
import SSNTP
import Settings
import TLS
import Testing

@testable import launcher_net

/// Seconds that are never over in a test.
private let never = 3600.0
private let soon = 0.05

/// A scheduler's place on loopback, which says nothing by itself, and a session that goes there.
@LoopActor private final class Scene {
  let listener: Descriptor
  let port: UInt16
  let session: Session
  var connections = 0
  private let context: TLSContext

  init(backlog: Int32 = 8, _ deadlines: Session.Deadlines, behind others: [UInt16] = []) throws {
    listener = Descriptor(
      socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let raw = listener.raw
    let isThere = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(raw, $0, length) == 0 && listen(raw, backlog) == 0 && getsockname(raw, $0, &length) == 0
      }
    }
    guard isThere else { throw SystemError("listen", "loopback") }
    port = UInt16(bigEndian: address.sin_port)
    let authority = try CertificateAuthority()
    let server = try authority.issue(
      CertificateProfile(commonName: "scheduler", roles: [.scheduler], names: ["127.0.0.1"]))
    let agent = try authority.issue(CertificateProfile(commonName: "agent", roles: .agent))
    context = try .server(authorities: authority.certificatePEM, identity: server.identityPEM)
    session = Session(
      servers: (others + [port]).map { ServerAddress(host: "127.0.0.1", port: $0) },
      context: try .client(authorities: authority.certificatePEM, identity: agent.identityPEM),
      identity: Session.Identity(uuid: NodeUUID(bytes: Array(repeating: 1, count: 16))!, role: .agent),
      resolver: nil, deadlines: deadlines)
    session.onConnected = { [unowned self] _ in connections += 1 }
  }

  /// The session's next connection.
  func accept() async throws -> Descriptor {
    while true {
      if let connection = try UnixSocket.accept(listener) { return connection }
      _ = await LoopActor.wait(listener.raw, .readable)
    }
  }

  /// Reads until the session ends the connection.
  func waitForEnd(of connection: Descriptor) async throws {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let outcome = try? buffer.withUnsafeMutableBytes { try connection.read(into: $0) }
      switch outcome {
      case .bytes: continue
      case .wouldBlock: _ = await LoopActor.wait(connection.raw, .readable)
      case .end, nil: return
      }
    }
  }

  func secure(_ connection: Descriptor) async throws -> TLSConnection {
    let tls = try TLSConnection(context: context, descriptor: connection.raw)
    while try tls.handshake() != .done { _ = await LoopActor.wait(connection.raw, .readable) }
    return tls
  }

  /// Says that the session is connected; its frames are due.
  func welcome(_ tls: TLSConnection) throws -> FrameWriter {
    var writer = FrameWriter()
    let connected = ConnectedFrame(role: .scheduler, source: Self.uuid, destination: Self.uuid)
    _ = try tls.write(writer.encode(connected: connected)[...])
    return writer
  }

  static let uuid = NodeUUID(bytes: Array(repeating: 2, count: 16))!

  /// Seconds from now until the session's next connection.
  func pause() async throws -> (Double, Descriptor) {
    let began = Moment.now
    let connection = try await accept()
    return (began.age, connection)
  }
}

private func onLoop(_ body: @escaping @LoopActor () async throws -> Void) {
  alarm(60)
  signal(SIGPIPE, SIG_IGN)
  LoopActor.run {
    do { try await body() } catch { Issue.record(error) }
    LoopActor.loop.stop()
  }
}

@Test func aServerThatDoesNotTakeTheConnectionIsGivenUpAtItsDeadlineForTheNext() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      // Whom its queue has no room for is not answered at all.
      let full = try Scene(backlog: 0, Session.Deadlines())
      var waiting: [Descriptor] = []
      var failure: SystemError?
      while failure == nil {
        do throws(SystemError) {
          waiting.append(try await Dialer.connect(to: "127.0.0.1", port: full.port, until: .after(seconds: soon)))
        } catch {
          failure = error
        }
      }
      #expect(failure?.code == ETIMEDOUT, "\(failure!)")
      let scene = try Scene(
        Session.Deadlines(connect: soon, handshake: never, connected: never), behind: [full.port])
      LoopActor.start { await scene.session.run() }
      _ = try await scene.accept()
      #expect(!scene.session.isConnected)
      withExtendedLifetime(waiting) {}
    }
  }
}

@Test func aServerThatDoesNotSpeakTLSIsGivenUpAtItsDeadlineForTheNext() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let silent = try Scene(Session.Deadlines())
      let scene = try Scene(
        Session.Deadlines(connect: never, handshake: soon, connected: never), behind: [silent.port])
      LoopActor.start { await scene.session.run() }
      // Silence, or the beginning of a record, a byte from time to time.
      for trickles in [false, true] {
        let first = try await silent.accept()
        let isOpen = Flag()
        if trickles {
          trickle([0x16, 3, 3, 0x3f, 0xff], while: isOpen) { byte in
            var byte = byte
            _ = write(first.raw, &byte, 1)
          }
        }
        try await silent.waitForEnd(of: first)
        isOpen.value = false
        #expect(!scene.session.isConnected)
        try await scene.waitForEnd(of: try await scene.accept())
      }
      #expect(scene.connections == 0)
    }
  }
}

@Test func aServerThatDoesNotAnswerCONNECTIsGivenUpAtItsDeadlineAndTriedAgain() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let scene = try Scene(Session.Deadlines(connect: never, handshake: never, connected: soon))
      LoopActor.start { await scene.session.run() }
      for trickles in [false, true] {
        let connection = try await scene.accept()
        let tls = try await scene.secure(connection)
        #expect(!scene.session.isConnected)
        let isOpen = Flag()
        // The beginning of a message of 16 MiB.
        if trickles {
          trickle([0xfc, 1, 0, 0, 0], while: isOpen) { byte in _ = try? tls.write([byte][...]) }
        }
        try await scene.waitForEnd(of: connection)
        isOpen.value = false
        tls.close()
      }
      #expect(scene.connections == 0)
    }
  }
}

/// Sends these bytes and then zeros, one after the other, in the background.
@LoopActor private func trickle(
  _ bytes: [UInt8], while isOpen: Flag, _ send: @escaping @LoopActor (UInt8) -> Void
) {
  LoopActor.start {
    var rest = bytes[...]
    while isOpen.value {
      send(rest.popFirst() ?? 0)
      await LoopActor.sleep(until: .after(seconds: soon / 5))
    }
  }
}

@Test func aServerThatDoesNotReadIsGivenUpAtItsDeadline() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let scene = try Scene(
        Session.Deadlines(connect: never, handshake: never, connected: never, frame: never, sending: soon))
      let session = scene.session
      LoopActor.start { await session.run() }
      let connection = try await scene.accept()
      let tls = try await scene.secure(connection)
      _ = try scene.welcome(tls)
      while !session.isConnected { await LoopActor.sleep(until: .after(seconds: soon)) }
      // Less than may wait, and more than sockets hold.
      session.send { .event(.instanceDeleted, origin: $0, payload: [UInt8](repeating: 0x61, count: 15 << 20)) }
      #expect(session.isConnected)
      _ = try await scene.accept()
      tls.close()
      connection.close()
    }
  }
}

@Test func moreGuestsDataThanMayBeInHandWaits() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let gateway = CommandGateway(network: .none, node: Scene.uuid, send: { _ in false }, fail: { _, _ in })
      let start = Array(
        ("start: {instance_uuid: a, tenant_uuid: a, image_uuid: a}\nx: " + String(repeating: "x", count: 15 << 20)).utf8
      )
      var taken = 0
      for _ in 0..<6 {
        LoopActor.start {
          await gateway.take(.start, start)
          taken += 1
        }
      }
      let fitting = CommandGateway.memoryBudget / start.count
      for _ in 0..<100 { await LoopActor.sleep(until: .now) }
      #expect(taken == fitting)
      gateway.connectionLost()
      for _ in 0..<100 { await LoopActor.sleep(until: .now) }
      #expect(taken == 6)
    }
  }
}

@Test func aServerThatDoesNotEndAFrameIsGivenUpAtItsDeadlineAndTriedAgain() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let scene = try Scene(Session.Deadlines(connect: never, handshake: never, connected: never, frame: soon))
      LoopActor.start { await scene.session.run() }
      // The beginning of a message of 16 MiB; then silence, or a byte from time to time.
      for trickles in [false, true] {
        let connection = try await scene.accept()
        let tls = try await scene.secure(connection)
        _ = try scene.welcome(tls)
        _ = try tls.write([0xfc, 1, 0, 0, 0][...])
        let isOpen = Flag()
        if trickles { trickle([], while: isOpen) { byte in _ = try? tls.write([byte][...]) } }
        try await scene.waitForEnd(of: connection)
        isOpen.value = false
        tls.close()
      }
      #expect(scene.connections == 2)
    }
  }
}

@Test func onlyAConnectionThatHeldBeginsTheDelaysAnew() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      // Each attempt takes longer than a good connection must hold.
      let scene = try Scene(Session.Deadlines(connect: never, handshake: 2 * soon, connected: never, good: soon))
      LoopActor.start { await scene.session.run() }
      var (pause, connection) = try await scene.pause()
      for _ in 0..<4 {
        try await scene.waitForEnd(of: connection)
        (pause, connection) = try await scene.pause()
      }
      // At least half of the fourth step, which is eight times the first.
      #expect(pause > 2 * Backoff.first, "\(pause) s")
      let tls = try await scene.secure(connection)
      _ = try scene.welcome(tls)
      await LoopActor.sleep(until: .after(seconds: 4 * soon))
      #expect(scene.connections == 1)
      tls.close()
      connection.close()
      #expect(try await scene.pause().0 < pause)
    }
  }
}

@Test func aConnectionThatIsLostWhileACommandWaitsIsMadeAgain() async {
  await #expect(processExitsWith: .success) {
    onLoop {
      let scene = try Scene(Session.Deadlines(connect: never, handshake: never, connected: never, frame: never))
      let session = scene.session
      // No launcher-vmm is there.
      let gateway = CommandGateway(network: .none, node: Scene.uuid, send: { _ in false }, fail: { _, _ in })
      var taken = 0
      session.onFrame = { frame in
        await gateway.take(.stop, frame.payload)
        taken += 1
      }
      session.onLost = { gateway.connectionLost() }
      LoopActor.start { await session.run() }
      let connection = try await scene.accept()
      let tls = try await scene.secure(connection)
      var writer = try scene.welcome(tls)
      let stop = Frame.command(.stop, origin: Scene.uuid, payload: Array("stop: {instance_uuid: a}".utf8))
      for _ in 0..<NetToVMM.maximumInFlight + 8 { _ = try tls.write(writer.encode(frame: stop)[...]) }
      while taken < NetToVMM.maximumInFlight { await LoopActor.sleep(until: .after(seconds: soon)) }
      tls.close()
      connection.close()
      let isWaiting = Flag()
      LoopActor.start {
        while isWaiting.value {
          session.send { .error(.invalidFrameType, origin: $0) }
          await LoopActor.sleep(until: .after(seconds: soon))
        }
      }
      _ = try await scene.accept()
      isWaiting.value = false
      #expect(taken == NetToVMM.maximumInFlight + 1, "the one that waited is done with, and none behind it was taken")
    }
  }
}

@LoopActor private final class Flag {
  var value = true
}

@Test func theDeadlinesOfASessionAreThese() {
  let deadlines = Session.Deadlines()
  #expect(deadlines.connect == 10 && deadlines.handshake == 15 && deadlines.connected == 30)
  #expect(deadlines.frame == 120 && deadlines.sending == 30 && deadlines.good == 10)
}
