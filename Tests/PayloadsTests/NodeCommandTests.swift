import Instances
import Payloads
import Testing

@Suite("EVACUATE and Restore name a node, DELETE and START say whether the instance goes on")
struct NodeCommandTests {
  private func reason(_ body: () throws(PayloadError) -> Void) -> FailureReason? {
    do throws(PayloadError) {
      try body()
      return nil
    } catch { return error.reason }
  }

  @Test("the documented payloads of EVACUATE and Restore", arguments: NodeCommand.allCases)
  func documented(_ command: NodeCommand) throws {
    let payload = try fixture("documented-\(command.payloadKey).yaml")
    #expect(try parseNode(payload, of: command).text == "67d86208-b46c-4465-9018-fe14087d415f")
  }

  @Test(
    "a payload that names no node is invalid data, what is no YAML an invalid payload",
    arguments: [
      ("", FailureReason.invalidData), ("evacuate:\n", .invalidData), ("evacuate: {}", .invalidData),
      ("evacuate: {workload_agent_uuid: ''}", .invalidData), ("evacuate: {workload_agent_uuid: a/b}", .invalidData),
      ("evacuate: {workload_agent_uuid: [1]}", .invalidData), ("restore: {workload_agent_uuid: 1}", .invalidData),
      ("workload_agent_uuid: 1\nevacuate: {}", .invalidData),
      ("evacuate: {workload_agent_uuid: 1, workload_agent_uuid: 1}", .invalidData),
      ("evacuate: {", .invalidPayload), ("evacuate: [}", .invalidPayload),
    ])
  func noNode(_ payload: String, _ expected: FailureReason) {
    #expect(reason { () throws(PayloadError) in _ = try parseNode(Array(payload.utf8), of: .evacuate) } == expected)
  }

  @Test(
    "DELETE with stop: true takes the instance from this node only",
    arguments: [
      ("", false), ("stop: false", false), ("stop: ~", false), ("stop: ''", false), ("stop: true", true),
      ("stop: True", true), ("migration: true", true), ("migration: false", false),
      ("stop: false, migration: true", true), ("workload_agent_uuid: x, stop: true", true),
    ])
  func stop(_ more: String, _ expected: Bool) throws {
    let payload = try parseDelete(Array("delete: {instance_uuid: 12, \(more)}".utf8))
    #expect(payload.isStop == expected)
    #expect(payload.instance == Identifier("12"))
  }

  @Test(
    "a DELETE that does not say clearly which of the two is meant is invalid data",
    arguments: ["stop: yes", "stop: 'true'", "stop: 1", "stop: [true]", "migration: on", "stop: true, stop: true"])
  func unclear(_ more: String) {
    let payload = Array("delete: {instance_uuid: 12, \(more)}".utf8)
    #expect(reason { () throws(PayloadError) in _ = try parseDelete(payload) } == .invalidData)
  }

  private static let start = "tenant_uuid: 1, instance_uuid: 2, image_uuid: 3"

  @Test(
    "START with restart: true",
    arguments: [("", false), ("restart: false", false), ("restart: true", true), ("migration: true", true)])
  func restart(_ more: String, _ expected: Bool) throws {
    #expect(try parseStart(Array("start: {\(Self.start), \(more)}".utf8)).isRestart == expected)
  }

  @Test("a START that is refused says whether it was to restart an instance")
  func refusedRestart() {
    func error(_ payload: String) -> PayloadError? {
      do throws(PayloadError) {
        _ = try parseStart(Array(payload.utf8))
        return nil
      } catch { return error }
    }
    #expect(error("start: {instance_uuid: 2, restart: true}")?.isRestart == true)
    #expect(error("start: {instance_uuid: 2, restart: true}\n]")?.isRestart == false, "no YAML says nothing")
    #expect(error("start: {instance_uuid: 2, migration: true}")?.isRestart == true)
    #expect(error("start: {instance_uuid: 2}")?.isRestart == false)
    #expect(error("start: {\(Self.start), restart: 'true'}")?.isRestart == false)
  }

  @Test("a cloud-config's own keys of these names are the guest's")
  func cloudConfigKeys() throws {
    let text = "#cloud-config\nrestart: true\nstop: x\nmigration: true\nworkload_agent_uuid: y\n"
    let payload = try parseStart(Array("start: {\(Self.start)}\n---\n\(text)".utf8))
    #expect(!payload.isRestart)
    #expect(payload.userData == Array(text.utf8))
    let inside = try parseStart(Array("\(text)start: {\(Self.start)}\n".utf8))
    #expect(!inside.isRestart)
    #expect(inside.userData == Array(text.utf8))
  }
}
