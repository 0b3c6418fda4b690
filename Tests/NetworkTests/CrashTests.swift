import Foundation
import Instances
import Linux
import Netlink
import Testing

@testable import Networking

/// An end at any request to the kernel, and what the next one makes of it.
@Suite(.serialized) struct CrashTests {
  /// Lets so many datagrams pass and no more: to the kernel its user is then gone.
  private final class Fuse {
    var left: Int
    init(_ left: Int) { self.left = left }

    func burn() throws(SystemError) {
      guard left > 0 else { throw SystemError("write", "netlink socket", code: EPIPE) }
      left -= 1
    }
  }

  private struct FusedSocket: NetlinkSocket {
    let socket: any NetlinkSocket
    let fuse: Fuse

    func send(_ datagram: [UInt8]) throws(SystemError) {
      try fuse.burn()
      try socket.send(datagram)
    }

    func receive() throws(SystemError) -> [UInt8]? { try socket.receive() }
  }

  /// Runs `work` with engines that end after 0, 1, 2… datagrams, until one does not end before it is done; `check` sees
  /// what each left. Gives how many ended.
  private func end(
    everywhereIn work: (NetworkEngine) throws -> Void, before: (TestNode) throws -> Void = { _ in },
    check: (TestNode) throws -> Void
  ) throws -> Int {
    for datagrams in 0..<200 {
      var isDone = false
      try TestNode.with { node in
        try before(node)
        let fuse = Fuse(datagrams)
        let engine = try node.engine { FusedSocket(socket: $0, fuse: fuse) }
        do {
          try node.namespace.run { try work(engine) }
          isDone = true
        } catch is NetworkFailure {}
        try check(node)
      }
      if isDone { return datagrams }
    }
    throw NetworkNamespace.Failed(description: "it is never done")
  }

  @Test("ended while it attaches, it leaves nothing that the next one does not find and remove") func attach() throws {
    let spec = Spec.vnic()
    let ends = try end(everywhereIn: { _ = try $0.attach(spec) }) { node in
      let next = try node.engine()
      // Bridge and tunnel may be there, and after all requests the tap; each is known by its alias.
      #expect(try next.interfaces(next.links()).count == node.made().count)
      try next.removeEmptySegments()
      let made = try node.made()
      #expect(made.isEmpty || made.count == 3)
      for instance in try next.instances() { try next.detach(instance) }
      #expect(try node.made() == [])
      #expect(try node.namespace.filters() == "")
    }
    #expect(ends > 10)
  }

  @Test("ended while it attaches, the next one attaches the same") func attachAgain() throws {
    let spec = Spec.vnic()
    _ = try end(everywhereIn: { _ = try $0.attach(spec) }) { node in
      let next = try node.engine()
      try node.attach(spec, next)
      #expect(try node.made().count == 3)
      let rules = try node.namespace.filters()
      #expect(rules.contains("ether saddr != 02:00:00:00:00:01 counter drop"), "\(rules)")
      #expect(rules.contains("ip saddr 192.168.8.3 accept"), "\(rules)")
    }
  }

  @Test("ended while it detaches, the next one goes on") func detach() throws {
    let ends = try end(
      everywhereIn: { try $0.detach(Spec.instance(1)) },
      before: { node in
        try node.attach(Spec.vnic(1), try node.engine()).tap.close()
        try node.attach(Spec.vnic(2, subnet: "192.168.9.0/24"), try node.engine()).tap.close()
      },
      check: { node in
        let next = try node.engine()
        try next.removeEmptySegments()
        if try next.instances().contains(Spec.instance(1)) { try next.detach(Spec.instance(1)) }
        #expect(try next.instances() == [Spec.instance(2)])
        #expect(try node.made().count == 3)
      })
    #expect(ends > 5)
  }
}
