import Channel
import Glibc
import Instances
import Linux

/// launcher-net's end of a channel to launcher-vmm.
final class Line {
  enum Outcome: String {
    case open, closed
  }

  struct Trouble: Error, CustomStringConvertible {
    let description: String
  }

  private let socket: Descriptor
  /// Milliseconds until what does not come is given up.
  private static let patience: Int32 = 60_000
  static let nobody = Identifier("00000000-dead-beef-0000-000000000000")!

  /// Visits the rendezvous.
  init(to path: String) throws {
    let visit = try UnixSocket.make(.packets)
    try UnixSocket.connect(visit, to: path)
    guard Datagram.send(MessageCoding.encode(RendezvousHello(role: .net)), [], visit) == 0 else {
      throw Trouble(description: "the rendezvous does not listen")
    }
    Self.wait(visit, POLLIN)
    guard case .message(let bytes, let descriptors) = Datagram.receive(visit) else {
      throw Trouble(description: "the rendezvous does not answer")
    }
    socket = try MessageCoding.decode(RendezvousWelcome.self, bytes, descriptors).channel
  }

  private static func wait(_ socket: Descriptor, _ events: Int32) {
    var waiting = pollfd(fd: socket.raw, events: Int16(events), revents: 0)
    while poll(&waiting, 1, patience) < 0, errno == EINTR {}
  }

  /// Sends a datagram, waiting for room; false when the channel is closed.
  @discardableResult
  func send(_ bytes: [UInt8], _ descriptors: [Descriptor] = []) -> Bool {
    while true {
      switch Datagram.send(bytes, descriptors, socket) {
      case 0: return true
      case EAGAIN: Self.wait(socket, POLLOUT)
      default: return false
      }
    }
  }

  /// Asks for what an honest launcher-net may ask for, and waits for its answer or for the end of the channel. What the
  /// scheduler is to be told is acknowledged.
  func outcome() throws -> Outcome {
    let number = UInt64.random(in: 0..<UInt64.max)
    send(MessageCoding.encode(NetToVMM.stop(Request(number: number, isRepeated: false), Self.nobody)))
    while true {
      Self.wait(socket, POLLIN)
      switch Datagram.receive(socket) {
      case .message(let bytes, let descriptors):
        guard case .report(let report, let request, _) = try MessageCoding.decode(VMMToNet.self, bytes, descriptors)
        else { continue }
        send(MessageCoding.encode(NetToVMM.acknowledge(report)))
        if request == number { return .open }
      case .ended: return .closed
      case .failed(let code) where code == ECONNRESET || code == EPIPE: return .closed
      case .failed(let code): throw SystemError("receive", "the channel", code: code)
      case .none: throw Trouble(description: "no answer from launcher-vmm")
      }
    }
  }
}
