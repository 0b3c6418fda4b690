import Channel
import Foundation
import Gob
import Instances
import SSNTP
import Testing

@testable import Payloads
@testable import launcher_net

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

/// docs/PROTOCOL.md against the code that reads and writes what it specifies.
@Suite struct ProtocolPageTests {
  private let page: String

  init() throws { page = try String(contentsOf: root.appending(path: "docs/PROTOCOL.md"), encoding: .utf8) }

  /// The rows of the table whose head begins with these cells, each as its cells.
  private func table(_ head: String...) throws -> [[String]] {
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false).map { Self.cells($0) }
    let start = try #require(lines.firstIndex { $0.starts(with: head) }, "no table \(head)")
    return lines[(start + 2)...].prefix { !$0.isEmpty }.map { $0 }
  }

  /// Empty for what is no row.
  private static func cells(_ line: Substring) -> [String] {
    guard line.hasPrefix("| ") else { return [] }
    return line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  // MARK: numbers

  private func check<Kind: Operand>(_: Kind.Type, _ head: String) throws {
    let rows = try table(head, "2016", "2018")
    #expect(rows.map { $0[0] }.sorted() == Kind.allCases.map(\.rawValue).sorted())
    for row in rows {
      let operand = try #require(Kind(rawValue: row[0]))
      for (dialect, cell) in zip([SSNTPDialect.v2016, .v2018], row[1...]) {
        #expect(cell == operand.number(in: dialect).map { "\($0)" } ?? "", "\(operand) of \(dialect.rawValue)")
      }
    }
  }

  @Test func `the page has every operand with its numbers in both dialects`() throws {
    try check(Command.self, "command")
    try check(Status.self, "status")
    try check(ErrorCode.self, "error")
    try check(Event.self, "event")
    #expect(try table("type", "number") == FrameType.allCases.map { ["\($0)", "\($0.rawValue)"] })
  }

  @Test func `the page has every role with its bit`() throws {
    let roles: [Role] = [.server, .controller, .agent, .scheduler, .networkAgent, .concentratorAgent]
    #expect(
      try table("role", "bit").map { Array($0[...1]) }
        == roles.map { ["\($0)", "0x" + String($0.rawValue, radix: 16)] })
  }

  @Test func `the page has the bounds of the code`() throws {
    let (gob, yaml) = (GobLimits(), YAMLLimits())
    let bounds: [(String, String)] = [
      ("a gob message, and so a payload", "\(gob.messageBytes >> 20) MiB"),
      ("type definitions of a connection", "\(gob.types)"), ("fields of a structure", "\(gob.fields)"),
      ("bytes of a field's name", "\(gob.nameBytes)"), ("structures inside each other", "\(gob.depth)"),
      ("fields and elements of a message", "\(gob.values)"), ("nodes of a trace that are read", "255"),
      ("nodes of a trace that are told", "\(Traces.maximumNodes)"),
      ("bytes of a label that is told", "\(Traces.maximumLabel)"), ("traces that wait", "\(Traces.maximum)"),
      ("bytes of a configuration", "\(NodeConfiguration.limits.bytes)"),
      ("subnets of a setting", "\(NodeConfiguration.maximumSubnets)"), ("nesting of YAML", "\(yaml.depth)"),
      ("events of a YAML text", "\(yaml.events)"), ("commands in hand", "\(NetToVMM.maximumInFlight)"),
      ("bytes that wait to be sent", "\(FrameConnection.sendLimit >> 20) MiB"),
      ("answers of launcher-net's own that wait", "\(ReportQueue.maximumOwn)"),
    ]
    #expect(try table("what", "bound") == bounds.map { [$0.0, $0.1] })
  }

  // MARK: payloads

  /// The page's examples: what they are of, and their text.
  private var examples: [(kind: String, text: String)] {
    page.matches(of: /```yaml (\w+)\n((?s:.*?))```\n/).map { (String($0.1), String($0.2)) }
  }

  @Test func `each example is read by the parser of its kind, or is what is written`() throws {
    #expect(examples.count >= 15)
    for (kind, text) in examples {
      let bytes = Array(text.utf8)
      if let written = Self.written[kind] {
        #expect(written.contains(text), "\(kind)")
        continue
      }
      do {
        switch kind {
        case "START": _ = try parseStart(bytes, for: text.contains("network_node") ? .nn : .none)
        case "STOP": _ = try parseTarget(bytes, of: .stop)
        case "RESTART": _ = try parseTarget(bytes, of: .restart)
        case "DELETE": _ = try parseDelete(bytes)
        case "AttachVolume": _ = try parseVolumeTarget(bytes, of: .attachVolume, nodeUUID: Self.uuid)
        case "DetachVolume": _ = try parseVolumeTarget(bytes, of: .detachVolume, nodeUUID: Self.uuid)
        case "EVACUATE": _ = try parseNode(bytes, of: .evacuate)
        case "Restore": _ = try parseNode(bytes, of: .restore)
        case "CONFIGURE":
          let read = try parseConfiguration(bytes)
          #expect(read.computeNetworks != nil && read.managementNetworks != nil && read.childUser != nil)
          #expect(read.limitsDisk == true && read.limitsMemory == true && read.tracesFrames == false)
        default: Issue.record("nothing reads or writes \(kind)")
        }
      } catch {
        Issue.record("\(kind): \(error)")
      }
    }
  }

  /// The node's, in the examples.
  private static let uuid = "bc33e130-54cb-4c83-a611-c7dd05e00347"

  /// What launcher writes, of the facts in the examples.
  private static let written: [String: [String]] = {
    var node = NodeSample()
    node.memoryTotalMB = 15_992
    node.memoryAvailableMB = 12_001
    node.diskTotalMB = 250_000
    node.diskAvailableMB = 180_000
    node.load = 1
    node.cpusOnline = 8
    node.hostName = "node7"
    node.networks = [.init(ip: "10.0.0.2", mac: "02:00:11:22:33:44")]
    let instance = Identifier("67d86208-b46c-4465-9018-fe14087d415f")!
    var sample = InstanceSample(instance: instance, state: .active)
    sample.sshIP = "192.168.42.21"
    sample.sshPort = 35_050
    sample.memoryUsageMB = 200
    sample.diskUsageMB = 900
    sample.cpuUsage = 3
    let subnet = TenantSubnet(
      tenant: Identifier("67d86208-000-4465-9018-fe14087d415f")!, subnet: IPv4Subnet("192.168.8.0/21")!,
      concentrator: Identifier("67d86208-b46c-4465-0000-fe14087d415f")!,
      concentratorIP: IPv4Address("192.168.42.21")!, key: "567488")
    let trace = TracedFrame(
      label: "batch 7", type: "COMMAND", operand: "START", start: "2016-03-01T13:37:00Z",
      end: "2016-03-01T13:37:02.25Z",
      nodes: [
        .init(
          uuid: "10213243-5465-4677-8899-aabbccddeeff", role: "\(Role.scheduler)", sent: "2016-03-01T13:37:00.5Z",
          received: ""),
        .init(uuid: uuid, role: "\(Role.agent)", sent: "", received: "2016-03-01T13:37:01Z"),
      ])
    let payloads: [(kind: String, bytes: [UInt8])] = [
      ("READY", readyPayload(nodeUUID: uuid, node)),
      ("STATS", statsPayload(nodeUUID: uuid, status: "READY", node, [sample])),
      ("StartFailure", failurePayload(instance: instance, reason: .fullComputeNode)),
      ("StartFailure", failurePayload(instance: instance, reason: .fullComputeNode, isRestart: true)),
      ("InstanceDeleted", instanceDeletedPayload(instance)), ("InstanceStopped", instanceStoppedPayload(instance)),
      (
        "AttachVolumeFailure",
        volumeFailurePayload(
          .attachVolume, instance: instance, volume: Identifier("69e84267-ed01-4738-b15f-b47de06b62e7"),
          reason: .attachFailure, nodeUUID: uuid)
      ),
      ("TenantAdded", tenantPayload(.added, subnet, nodeUUID: uuid, nodeAddress: IPv4Address("10.0.0.2"))),
      ("TraceReport", traceReportPayload([trace])),
    ]
    return Dictionary(grouping: payloads) { $0.kind }.mapValues { $0.map { String(decoding: $0.bytes, as: UTF8.self) } }
  }()

  @Test func `every key that START knows is in its table and its examples`() throws {
    let keys = try table("key", "what it is", "if it is absent").map { $0[0] }.joined()
    let texts = examples.filter { $0.kind == "START" }.map(\.text).joined()
    let networking = [
      "vnic_mac", "vnic_uuid", "concentrator_uuid", "concentrator_ip", "subnet", "subnet_key", "subnet_uuid",
      "private_ip", "public_ip",
    ]
    // The others are of commands about an instance that is there, and have sections of their own.
    let others: Set<StartField> = [.volume, .node, .stop, .restart, .migration]
    for key in others {
      #expect(page.contains("`\(key.rawValue)") || page.contains("\(key.rawValue): "), "\(key.rawValue)")
    }
    for key in StartField.allCases.filter({ !others.contains($0) }).map(\.rawValue) + networking {
      #expect(keys.contains("`\(key)`"), "\(key)")
      #expect(texts.contains("\(key):"), "\(key)")
    }
    for (type, allowed) in [
      ("vcpus", Resources.vcpusAllowed), ("mem_mb", Resources.memoryAllowed), ("disk_mb", Resources.diskAllowed),
    ] {
      let row = try #require(try table("key", "what it is", "if it is absent").first { $0[0] == "type `\(type)`" })
      #expect(row[1].contains("\(allowed.lowerBound) to \(allowed.upperBound)"), "\(type)")
    }
  }

  // MARK: tests

  @Test func `every test that the page names is there`() throws {
    let tests = root.appending(path: "Tests")
    let sources = try FileManager.default.subpathsOfDirectory(atPath: tests.path).filter { $0.hasSuffix(".swift") }
    let code = try sources.map { try String(contentsOf: tests.appending(path: $0), encoding: .utf8) }.joined()
    let named = page.replacing(/```(?s:.*?)```/, with: "").matches(of: /`([^`]+)`/).map {
      String($0.1).replacingOccurrences(of: "\n", with: " ")
    }
    // What has more than a few words is no option, key or file; one long word in lower camel case is a test too.
    let names = named.filter { name in
      name.split(separator: " ").count > 4 || name.wholeMatch(of: /[a-z]+([A-Z][A-Za-z]*){5,}/) != nil
    }
    #expect(names.count >= 12)
    for name in names { #expect(code.contains("`\(name)`(") || code.contains("func \(name)("), "\(name)") }
    for path in named where path.hasPrefix("Tests/") {
      #expect(FileManager.default.fileExists(atPath: root.appending(path: path).path), "\(path)")
    }
  }
}
