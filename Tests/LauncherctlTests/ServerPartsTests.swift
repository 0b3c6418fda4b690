import Glibc
import Instances
import JSON
import Linux
import Loop
import Payloads
import SSNTP
import TLS
import Testing

@testable import launcherctl

@Suite struct ServerPartsTests {
  @Test func theJournalKeepsTheLastEntriesAndCountsWhatWasMissed() throws {
    let journal = Journal(capacity: 3)
    var place: UInt64 = 0
    #expect(journal.read(&place) == .nothingYet)
    for number in 0..<5 { journal.append("status", ["number": .int(Int64(number))]) }
    #expect(journal.read(&place) == .missed(2))
    var numbers: [Int64] = []
    while case .entry(let line) = journal.read(&place) {
      let item = try JSONValue(parsing: line, limits: JSONLimits(bytes: 1000))
      numbers.append(try #require(item["number"]?.int))
    }
    #expect(numbers == [2, 3, 4])
  }

  @Test func aRequestSurvivesTheSocket() {
    let send = SendRequest(
      command: .instance(.restart), instance: "ab", node: .random(), payload: [0, 0x7f, 0xff, 10], waits: true)
    let restore = SendRequest(command: .node(.restore), instance: "", node: .random(), payload: [], waits: false)
    let requests: [ControlRequest] = [
      .clients, .instances, .stats, .events(follow: true), .events(follow: false), .send(send),
      .send(restore),
    ]
    for request in requests { #expect(ControlRequest(request.json) == request) }
  }

  @Test(arguments: [
    "{}", "[]", #"{"request":"other"}"#, #"{"request":"send","command":"start","instance":"","payload_hex":"0"}"#,
    #"{"request":"send","command":"start","instance":"","payload_hex":"0g"}"#,
    #"{"request":"send","command":"start","instance":"","payload_hex":"","node":"x"}"#,
    #"{"request":"send","command":"stats","instance":"","payload_hex":""}"#,
  ])
  func whatIsNoRequestIsRefused(text: String) throws {
    #expect(ControlRequest(try JSONValue(parsing: Array(text.utf8), limits: ControlRequest.limits)) == nil)
  }

  @Test func theLargestPayloadFitsARequest() throws {
    let payload = [UInt8](repeating: 0xab, count: ServerLimits.payloadBytes)
    let request = ControlRequest.send(
      SendRequest(command: .instance(.start), instance: "ab", payload: payload, waits: false))
    #expect(request.json.serialized().count <= ControlRequest.limits.bytes)
  }

  @Test func aReportOfTheStateFromBeforeIsNotTheOutcome() throws {
    let report = try NodeReport(parsing: Array("instances: [{instance_uuid: ab, state: active}]".utf8))
    let watch = OutcomeWatch(node: .random(), command: .instance(.start), instance: "ab", stateBefore: "active")
    watch.reported(report)
    #expect(watch.outcome == nil)
    watch.failed(.startFailure, instance: "ab", reason: "already_running")
    #expect(watch.outcome?["success"] == false)
    #expect(watch.outcome?["reason"] == "already_running")
  }

  @Test func onlyTheCommandsOwnFailureOfItsInstanceIsTheOutcome() {
    let watch = OutcomeWatch(node: .random(), command: .instance(.delete), instance: "ab", stateBefore: nil)
    watch.failed(.stopFailure, instance: "ab", reason: "x")
    watch.failed(.deleteFailure, instance: "cd", reason: "x")
    watch.removed("cd", .instanceDeleted)
    watch.said(.maintenance)
    #expect(watch.outcome == nil)
    watch.removed("ab", .instanceDeleted)
    #expect(watch.outcome?["success"] == true)
  }

  @Test(arguments: ["", "- a", "text", "a: [", "a: &x 1\nb: *x"])
  func aReportThatIsNoMappingIsAnError(text: String) {
    #expect(throws: YAMLError.self) { try NodeReport(parsing: Array(text.utf8)) }
  }

  @Test func whatAReportDoesNotSayIsUnknown() throws {
    let report = try NodeReport(
      parsing: Array("load: many\nmem_total_mb: 12\nnetworks: none\ninstances: [x, {instance_uuid: ab}]".utf8))
    #expect(report.figures == [12, -1, -1, -1, -1, -1])
    #expect(report.networks.isEmpty)
    #expect(report.instances.map(\.uuid) == ["", "ab"])
    #expect(report.instances[1].usage == [-1, -1, -1, -1])
  }

  @Test func aFolderThatOthersMayWriteIsRefused() throws {
    let folder = try Folder()
    chmod(folder.path, 0o770)
    #expect(throws: Failure.self) { try ServerFolder(making: folder.path) }
  }

  @Test func aFolderOfAnotherUserIsRefused() throws {
    let folder = try Folder()
    // Root can give a folder away; for others a folder of root's is there.
    let isGivenAway = chown(folder.path, 65_534, 65_534) == 0
    let failure = #expect(throws: Failure.self) { try ServerFolder(making: isGivenAway ? folder.path : "/usr") }
    #expect(failure?.description.contains("belongs to user") == true)
  }

  @Test func whoeverSaysNothingLosesTheConnection() throws {
    let home = try Folder()
    let folder = try ServerFolder(making: home.path)
    try Certificates.make(in: folder, hosts: ["localhost"])
    let loop = try EventLoop()
    let server = try Server(
      address: LoopbackAddress(host: .v4(IPv4Address(value: 0x7f00_0001)), port: 0),
      context: Certificates.serverContext(in: folder), control: ControlListener.open(in: folder), loop: loop,
      deadline: 0.1)
    let silent = try connectedSocket(to: server.address.port)
    var isEnded = false
    loop.onReadable(silent.raw) {
      isEnded = true
      loop.stop()
    }
    loop.schedule(at: .after(seconds: Double(Program.patience) / 1000)) { loop.stop() }
    loop.run()
    #expect(isEnded)
    server.close()
  }

  @Test func aClientThatShakesHandsButDoesNotConnectLosesTheConnection() throws {
    let home = try Folder()
    let folder = try ServerFolder(making: home.path)
    try Certificates.make(in: folder, hosts: ["localhost"])
    let loop = try EventLoop()
    let server = try Server(
      address: LoopbackAddress(host: .v4(IPv4Address(value: 0x7f00_0001)), port: 0),
      context: Certificates.serverContext(in: folder), control: ControlListener.open(in: folder), loop: loop,
      deadline: 3)
    let socket = try connectedSocket(to: server.address.port)
    let context = try TLSContext.client(
      authorities: Files.read("ca.pem", in: folder.descriptor, limit: 1 << 20),
      identity: Files.read("agent.pem", in: folder.descriptor, limit: 1 << 20))
    let tls = try TLSConnection(context: context, descriptor: socket.raw, peerName: "localhost")
    var isEstablished = false
    var isEnded = false
    func step() {
      var buffer = [UInt8](repeating: 0, count: 100)
      do {
        isEstablished = try isEstablished || tls.handshake() == .done
        if isEstablished { isEnded = try tls.read(into: &buffer) == .closed }
      } catch {
        isEnded = true
      }
      if isEnded { loop.stop() }
    }
    loop.onReadable(socket.raw, step)
    step()
    loop.schedule(at: .after(seconds: Double(Program.patience) / 1000)) { loop.stop() }
    loop.run()
    #expect(isEstablished && isEnded)
    server.close()
  }
}
