import Glibc
import Linux
import SSNTP
import Settings
import TestSupport
import Testing

@testable import launcher_net

@Test(
  arguments: [
    ("host", "host", 8888), ("host:1", "host", 1), ("host.example.:65535", "host.example.", 65535),
    ("10.0.0.1", "10.0.0.1", 8888), ("10.0.0.1:9", "10.0.0.1", 9), ("::1", "::1", 8888), ("[::1]", "::1", 8888),
    ("[::1]:9", "::1", 9), ("https://host:9/path:1", "host", 9), ("https://[fe80::1]:9/", "fe80::1", 9),
    ("https://host", "host", 8888), ("under_score", "under_score", 8888),
  ] as [(String, String, UInt16)])
func serverAddressesAreRead(text: String, host: String, port: UInt16) {
  #expect(ServerAddress(text) == ServerAddress(host: host, port: port))
}

@Test(arguments: [
  "", ":", ":1", "host:", "host:0", "host:65536", "host:+1", "host:-1", "host:x", "a b", "a,b", "-host", "a..b", ".a",
  ".", "[host]:1", "[::1", "[::1]x", "[::1]:", "a:b:c", "a/b", "https://", "https:///x", "höst", "a\n", "\u{1b}[0m",
  String(repeating: "a", count: 64), String(repeating: "a.", count: 127) + "a", "[]", "::1%eth0",
])
func whatIsNoServerAddressIsRefused(text: String) {
  #expect(ServerAddress(text) == nil)
}

@Test func serverAddressesAreReadAsTheyAreWritten() {
  for address in [ServerAddress(host: "host", port: 1), ServerAddress(host: "::1", port: 2)] {
    #expect(ServerAddress("\(address)") == address)
  }
  #expect(ServerAddress("10.0.0.1")?.isNumeric == true)
  #expect(ServerAddress("::1")?.isNumeric == true)
  #expect(ServerAddress("host")?.isNumeric == false)
}

@Test func delaysGrowWithinTheirBoundsAndAreJittered() {
  var backoff = Backoff()
  var step = Backoff.first
  for _ in 0..<20 {
    let delay = backoff.delay()
    #expect(delay >= step / 2 && delay <= step)
    step = min(step * 2, Backoff.longest)
  }
  #expect(step == Backoff.longest)
  let delays = (0..<20).map { _ in backoff.delay() }
  #expect(Set(delays).count > 1)
}

@Test func theNodesUUIDIsMadeOnceForEachRole() throws {
  let folder = try TemporaryFolder()
  let agent = try NodeUUIDStore.load(role: .agent, below: folder.path)
  let network = try NodeUUIDStore.load(role: .networkAgent, below: folder.path)
  #expect(agent != network)
  #expect(try NodeUUIDStore.load(role: .agent, below: folder.path) == agent)
  #expect(try NodeUUIDStore.load(role: .networkAgent, below: folder.path) == network)
  let path = "local/uuid-storage/role/client"
  #expect(try Files.read("\(path)/0x4", in: folder.handle, limit: 100) == Array(agent.description.utf8))
  #expect(try Set(Files.names(in: .folder(path, in: folder.handle))) == ["0x4", "0x10"])
}

@Test func aUUIDThatIsThereIsUsedWithAndWithoutLineEnd() throws {
  let text = "bc33e130-54cb-4c83-a611-c7dd05e00347"
  for ending in ["", "\n", " \r\n"] {
    let folder = try TemporaryFolder()
    _ = try NodeUUIDStore.load(role: .agent, below: folder.path)
    try Files.replace(
      "0x4", with: Array((text + ending).utf8), in: .folder("local/uuid-storage/role/client", in: folder.handle))
    #expect(try NodeUUIDStore.load(role: .agent, below: folder.path).description == text)
  }
}

@Test(arguments: ["", "\n", "bc33e130", "bc33e130-54cb-4c83-a611-c7dd05e0034x", String(repeating: "a", count: 65)])
func aUUIDFileThatIsMalformedIsRefusedAndKept(content: String) throws {
  let folder = try TemporaryFolder()
  _ = try NodeUUIDStore.load(role: .agent, below: folder.path)
  let place = try Descriptor.folder("local/uuid-storage/role/client", in: folder.handle)
  try Files.replace("0x4", with: Array(content.utf8), in: place)
  #expect(throws: (any Error).self) { try NodeUUIDStore.load(role: .agent, below: folder.path) }
  #expect(try Files.read("0x4", in: place, limit: 100) == Array(content.utf8))
}

@Test func aUUIDFileThatCannotBeOpenedDoesNotMakeANewNode() throws {
  let folder = try TemporaryFolder()
  _ = try NodeUUIDStore.load(role: .agent, below: folder.path)
  let place = try Descriptor.folder("local/uuid-storage/role/client", in: folder.handle)
  try Files.remove("0x4", in: place)
  // A link that leads to itself: it is there, and cannot be read.
  try #require(symlinkat("0x4", place.raw, "0x4") == 0)
  #expect(throws: NodeUUIDStore.Unusable.self) { try NodeUUIDStore.load(role: .agent, below: folder.path) }
  #expect(try Files.names(in: place) == ["0x4"])
}
