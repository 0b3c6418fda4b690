import Netlink
import Testing

/// Requests against what iproute2 and nft sent for the same purpose.
@Suite struct EncodingTests {
  private func local(_ last: UInt32) -> UInt32 { 10 << 24 | 9 << 16 | last }

  private func message(_ request: NetlinkRequest) throws -> NetlinkAnswer {
    try #require(try NetlinkAnswer.all(in: request.bytes(sequence: 1)).first)
  }

  private func attributes(_ message: NetlinkAnswer, behind header: Int = 16) throws -> [NetlinkAttribute] {
    try NetlinkAttribute.all(in: message.payload.dropFirst(header))
  }

  @Test("bridge, VXLAN and macvtap are asked for with the bytes that ip sends") func links() throws {
    let requests: [(String, NetlinkRequest)] = [
      ("bridge", .create(.bridge, name: "lb-0123456789ab", mtu: 1450)),
      (
        "vxlan",
        .create(
          .vxlan(identifier: 567_488, local: local(1), remote: local(2), port: 4789), name: "lt-0123456789ab",
          mtu: 1450)
      ),
      ("macvtap", .create(.macvtap(on: 3, address: [2, 0, 0, 0, 0, 1]), name: "lv-0123456789ab", mtu: 1500)),
    ]
    for (name, request) in requests {
      let recorded = try Recording.message(name)
      let ours = try message(request)
      #expect(ours.type == recorded.type && ours.flags == recorded.flags, "\(name)")
      #expect(Array(ours.payload) == Array(recorded.payload), "\(name)")
    }
  }

  @Test("gretap is asked for as ip does it, but for what has its default") func gretap() throws {
    let request = NetlinkRequest.create(
      .gretap(key: 0x0008_a8c0, local: local(1), remote: local(2)), name: "lt-0123456789ac", mtu: 1458)
    let recorded = try Recording.message("gretap")
    let ours = try message(request)
    #expect(ours.type == recorded.type && ours.flags == recorded.flags)
    let (some, all) = (try attributes(ours), try attributes(recorded))
    #expect(some.map(\.type) == all.map(\.type))
    #expect(Array(some[..<2]) == Array(all[..<2]))
    func data(_ attribute: NetlinkAttribute) throws -> [NetlinkAttribute] {
      let info = try NetlinkAttribute.all(in: attribute.value)
      #expect(info[0].text == "gretap")
      return try NetlinkAttribute.all(in: info[1].value)
    }
    let (ourData, theirData) = (try data(some[2]), try data(all[2]))
    #expect(ourData == theirData.filter { attribute in ourData.contains { $0.type == attribute.type } })
    // IFLA_GRE_LINK, _TOS, _FWMARK and _ENCAP_*: none.
    for other in theirData where !ourData.contains(where: { $0.type == other.type }) {
      #expect([1, 9, 20, 14, 15, 16, 17].contains(other.type) && other.value.allSatisfy { $0 == 0 }, "\(other)")
    }
  }

  @Test("changes are those of ip, on an interface by its name") func changes() throws {
    let requests: [(String, NetlinkRequest)] = [
      ("alias", .setAlias("launcher 5d1e00c4 x", of: "lb-0")), ("without-ipv6", .withoutIPv6("lb-0")),
      ("join", .join(4, "lb-0")), ("up", .setUp("lb-0")),
    ]
    for (name, request) in requests {
      let recorded = try Recording.message(name)
      let ours = try message(request)
      #expect(ours.type == recorded.type && ours.flags == recorded.flags, "\(name)")
      // Flags that change, and to what.
      #expect(Array(ours.payload.dropFirst(8).prefix(8)) == Array(recorded.payload.dropFirst(8).prefix(8)), "\(name)")
      #expect(try attributes(ours)[0].text == "lb-0")
      #expect(Array(try attributes(ours).dropFirst()) == (try attributes(recorded)), "\(name)")
    }
    let pinned = try message(.pin([2, 0, 0, 0, 0, 1], to: 2))
    let recorded = try Recording.message("pin")
    #expect(pinned.type == recorded.type && pinned.flags == recorded.flags)
    #expect(Array(pinned.payload) == Array(recorded.payload))
    let deletion = try message(.delete(6))
    #expect(Array(deletion.payload) == Array(try Recording.message("delete").payload))
  }

  @Test("table, map, chains and rules are those of nft") func filter() throws {
    let table = FilterTable("launcher_5d1e00c4")
    let requests = FilterTable.batch([
      table.add(exclusively: false), table.addChain("v"), table.addMap("vnics", number: 1),
      table.addChain("p", at: .preRouting, priority: -300),
      table.addRule([.inputInterface, .decide(byMap: "vnics")], to: "p"),
      table.addRule([.bytesDiffer(.ethernet, offset: 6, from: [2, 0, 0, 0, 0, 1]), .count, .drop], to: "v"),
      table.addRule(
        [
          .bytes(.ethernet, offset: 12, is: [8, 0]), .bytes(.network, offset: 12, is: [192, 168, 8, 5]), .accept,
        ], to: "v"),
      table.add("lv-0123456789ab", to: "vnics", .goTo(chain: "v")),
    ])
    let recorded = try Recording.datagrams("nft").flatMap { try NetlinkAnswer.all(in: $0) }
    try #require(requests.count == recorded.count)
    // NFTA_TABLE_FLAGS, NFTA_SET_USERDATA and, where a set is named by its name, NFTA_SET_ELEM_LIST_SET_ID.
    let only: [UInt16: Set<UInt16>] = [0x0a00: [2], 0x0a09: [10, 13], 0x0a0c: [4]]
    for (request, theirs) in zip(requests, recorded) {
      let ours = try message(request)
      #expect(ours.type == theirs.type)
      #expect(Array(ours.payload.prefix(4)) == Array(theirs.payload.prefix(4)), "\(ours.type)")
      let leftOut = only[ours.type] ?? []
      func comparable(_ message: NetlinkAnswer) throws -> [NetlinkAttribute] {
        try attributes(message, behind: 4).filter { !leftOut.contains($0.type) }.sorted { $0.type < $1.type }
      }
      if ours.type == Self.newRule {
        #expect(try expressions(ours) == (try expressions(theirs)))
      } else {
        #expect(try comparable(ours) == (try comparable(theirs)), "message \(ours.type)")
      }
    }
  }

  /// NFT_MSG_NEWRULE of nftables.
  private static let newRule: UInt16 = 0x0a06

  private struct Expression: Equatable {
    let name: String
    let data: [NetlinkAttribute]
  }

  /// A rule's, without NFTA_LOOKUP_SET_ID: a set has a name too.
  private func expressions(_ message: NetlinkAnswer) throws -> [Expression] {
    let all = try #require(try attributes(message, behind: 4).first { $0.type == 4 })
    return try NetlinkAttribute.all(in: all.value).map { item in
      let parts = try NetlinkAttribute.all(in: item.value)
      let data = try NetlinkAttribute.all(in: parts[1].value)
      return Expression(
        name: parts[0].text, data: data.filter { parts[0].text != "lookup" || $0.type != 4 })
    }
  }
}
