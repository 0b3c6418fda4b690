import AsyncLoop
import Channel
import Glog
import Linux
import Startup

/// launcher-net's side of the resolver.
@LoopActor final class ResolverClient {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Seconds for an answer: the C library asks each of three servers for 5 s by default, and twice.
  private static let deadline = 35.0

  private let socket: Descriptor

  init(_ socket: Descriptor) { self.socket = socket }

  /// Textual addresses of `host`, at least one.
  func resolve(_ host: String) async throws(Failure) -> [String] {
    let code = Datagram.send(MessageCoding.encode(ResolveRequest(host: host)), [], socket)
    guard code == 0 else { lost(SystemError.text(code)) }
    let deadline = Moment.after(seconds: Self.deadline)
    while true {
      guard await LoopActor.wait(socket.raw, .readable, until: deadline) else {
        throw Failure(description: "resolve \(host): no answer within \(Int(Self.deadline)) s")
      }
      guard case .message(let bytes, let descriptors) = Datagram.receive(socket),
        let answer = try? MessageCoding.decode(ResolveAnswer.self, bytes, descriptors)
      else { lost("it does not answer") }
      // One that came too late for an earlier request is of no use now.
      guard answer.host == host else { continue }
      guard !answer.addresses.isEmpty else { throw Failure(description: "resolve \(host): \(answer.failure)") }
      return answer.addresses
    }
  }

  private func lost(_ how: String) -> Never {
    log.fatal("the resolver has ended (\(how)); starting anew", status: Startup.startAgainStatus)
  }
}
