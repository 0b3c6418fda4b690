import Linux

/// Requests to the kernel, and what came of each.
public final class NetlinkClient {
  /// Lists that changed while the kernel made them are asked for again, so often.
  private static let attempts = 16
  /// Messages of one list: more interfaces than any node has.
  private static let maximumList = 100_000

  private let socket: any NetlinkSocket
  private var sequence: UInt32 = 0

  public init(_ socket: any NetlinkSocket) { self.socket = socket }

  /// Sends all in one datagram, which the kernel carries out one by one whatever becomes of this process; gives the
  /// first refusal, of which `tolerated` are in order.
  public func perform(_ requests: [NetlinkRequest], tolerating tolerated: [Int32] = []) throws(NetlinkError) {
    for refusal in try outcomes(of: requests) {
      if let refusal, !tolerated.contains(refusal.code ?? 0) { throw refusal }
    }
  }

  /// Of each of the requests what came of it; nil: it was done.
  public func outcomes(of requests: [NetlinkRequest]) throws(NetlinkError) -> [NetlinkError?] {
    let first = sequence &+ 1
    var datagram: [UInt8] = []
    for request in requests {
      sequence &+= 1
      datagram += request.bytes(sequence: sequence)
    }
    var outcomes = [NetlinkError??](repeating: nil, count: requests.count)
    for answer in try exchange(datagram) where answer.type == Netlink.error {
      let index = Int(answer.sequence &- first)
      if outcomes.indices.contains(index) { outcomes[index] = .some(try answer.refusal) }
    }
    var known: [NetlinkError?] = []
    for (request, outcome) in zip(requests, outcomes) {
      guard outcome != nil || request.flags & Netlink.acknowledge == 0 else { throw .malformed("missing") }
      known.append(outcome ?? nil)
    }
    return known
  }

  /// What the kernel lists.
  public func list(_ request: NetlinkRequest) throws(NetlinkError) -> [NetlinkAnswer] {
    for _ in 0..<Self.attempts {
      if let answers = try listOnce(request) { return answers }
    }
    throw .malformed("a list that changes all the time")
  }

  /// nil when the list changed while the kernel made it.
  private func listOnce(_ request: NetlinkRequest) throws(NetlinkError) -> [NetlinkAnswer]? {
    sequence &+= 1
    var list: [NetlinkAnswer] = []
    var isWhole = true
    var hasEnded = false
    for answer in try exchange(request.bytes(sequence: sequence)) where answer.sequence == sequence {
      if answer.flags & Netlink.interrupted != 0 { isWhole = false }
      switch answer.type {
      case Netlink.error:
        if let refusal = try answer.refusal { throw refusal }
      case Netlink.done: hasEnded = true
      default: list.append(answer)
      }
      guard list.count <= Self.maximumList else { throw .malformed("a list of more than \(Self.maximumList)") }
    }
    guard hasEnded else { throw .malformed("a list without an end") }
    return isWhole ? list : nil
  }

  private func exchange(_ datagram: [UInt8]) throws(NetlinkError) -> [NetlinkAnswer] {
    do {
      try socket.send(datagram)
      var answers: [NetlinkAnswer] = []
      while let received = try socket.receive() {
        answers += try NetlinkAnswer.all(in: received)
        guard answers.count <= Self.maximumList else { throw NetlinkError.malformed("without an end") }
      }
      return answers
    } catch let error as SystemError {
      throw .failed(error)
    } catch let error as NetlinkError {
      throw error
    } catch {
      throw .malformed("\(error)")
    }
  }
}
