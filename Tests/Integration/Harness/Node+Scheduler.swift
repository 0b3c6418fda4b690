import Foundation
import Testing

/// What a test does in the scheduler's place.
extension Node {
  /// A point in the stream of frames.
  typealias Mark = Int

  /// Behind all frames that have come by now.
  var mark: Mark {
    get throws {
      try peer.read()
      return peer.frames.count
    }
  }

  /// How often launcher has connected.
  var connections: Int { peer.events.count { $0.event == "connected" } }

  func frames(since mark: Mark) -> [Frame] { Array(peer.frames[mark...]) }

  /// Waits for a frame behind `mark`.
  @discardableResult
  func frame(_ what: String, since mark: Mark = 0, within seconds: Double = 60, where matches: (Frame) -> Bool)
    async throws -> Frame
  {
    var found: Frame?
    try await wait(what, within: seconds) {
      found = peer.frames[mark...].first(where: matches)
      return found != nil
    }
    return found!
  }

  // MARK: commands

  func send(_ operand: String, _ payload: String) throws {
    try peer.do(["do": "send", "type": "COMMAND", "operand": operand, "payload": payload])
  }

  func send(_ operand: String, of instance: String) throws {
    try send(operand, "\(operand.lowercased()):\n  instance_uuid: \(instance)\n")
  }

  /// Waits until STATS says that an instance is in a state.
  func state(_ state: String, of instance: String) async throws {
    let mark = try mark
    try await frame("STATS with \(instance) \(state)", since: mark, within: 120) {
      $0.isStats && $0.instances[instance]?["state"] == state
    }
  }

  /// Makes an instance that runs.
  func startInstance(_ payload: StartPayload = StartPayload()) async throws -> String {
    try send("START", payload.text)
    try await state("active", of: payload.instance)
    return payload.instance
  }

  func delete(_ instance: String) async throws {
    let mark = try mark
    try send("DELETE", of: instance)
    try await frame("InstanceDeleted of \(instance)", since: mark) { $0.isDeleted(instance) }
  }

  /// Returns when launcher has read what was sent before, and has sent what it had to say at once: the answer to a
  /// command that fails without any work comes behind it.
  func settle() async throws {
    let nobody = UUID().uuidString.lowercased()
    let mark = try mark
    try send("STOP", of: nobody)
    try await frame("the answer to STOP of an unknown instance", since: mark) {
      $0.isError("StopFailure", "no_instance", of: nobody)
    }
  }

  /// Sends a command and expects one ERROR frame and nothing new on the disk.
  func expectFailure(
    _ error: String, _ reason: String, of instance: String, by operand: String, _ payload: String,
    _ location: SourceLocation = #_sourceLocation
  ) async throws {
    let before = files
    let mark = try mark
    try send(operand, payload)
    let what = "\(error) \(reason)"
    let answer = try await frame("\(error) of \(instance)", since: mark) { $0.isError(error) }
    #expect(answer["reason"] == reason, sourceLocation: location)
    #expect(answer["instance_uuid"] == instance, "\(what)", sourceLocation: location)
    try await settle()
    let errors = frames(since: mark).filter { $0.type == "ERROR" }
    // The second is `settle`'s own.
    #expect(errors.count == 2, "\(errors)", sourceLocation: location)
    #expect(files.subtracting(before).isEmpty, "\(what)", sourceLocation: location)
  }
}

/// Expects a line of the log with each of `texts`.
func expectLog(of node: Node, _ texts: String..., location: SourceLocation = #_sourceLocation) throws {
  let found = node.log.split(separator: "\n").contains { line in texts.allSatisfy { line.contains($0) } }
  // Not in the expectation itself, which would quote the whole log.
  #expect(found, "no line of the log has \(texts)", sourceLocation: location)
}

/// A START payload of a small machine.
struct StartPayload {
  var instance = UUID().uuidString.lowercased()
  var image = Node.blankImage
  var firmware = "legacy"
  var memory = 64
  var diskMB: String?
  var tenant = "67d86208-000-4465-9018-fe14087d415f"
  var isNetworkNode = false
  /// The instance's place in its tenant's network, as keys and values.
  var networking: [String: String] = [:]
  /// As a list in YAML's flow style.
  var storage: String?
  /// A cloud-config, without its first line.
  var userData = "runcmd: []\n"

  var text: String { "#cloud-config\n\(userData)---\n\(section)" }

  /// The start section, without user data.
  var section: String {
    """
    start:
      instance_uuid: \(instance)
      tenant_uuid: \(tenant)
      image_uuid: "\(image)"
      fw_type: \(firmware)
      requested_resources:
        - type: vcpus
          value: 1
        - type: mem_mb
          value: \(memory)

    """ + (diskMB.map { "    - type: disk_mb\n      value: \($0)\n" } ?? "")
      + (isNetworkNode ? "    - type: network_node\n      value: 1\n" : "")
      + (storage.map { "  storage: \($0)\n" } ?? "")
      + (networking.isEmpty ? "" : "  networking:\n")
      + networking.sorted { $0.key < $1.key }.map { "    \($0.key): \($0.value)\n" }.joined()
  }

  /// A workload at `host` of the subnet 192.168.8.0/21.
  static func workload(host: Int, tenant: String? = nil) -> StartPayload {
    var payload = StartPayload()
    if let tenant { payload.tenant = tenant }
    payload.networking = [
      "vnic_mac": "02:00:e6:f5:af:" + String(256 + host, radix: 16).suffix(2), "vnic_uuid": UUID().uuidString,
      "concentrator_uuid": Node.concentrator, "concentrator_ip": Node.concentratorAddress,
      "subnet": "192.168.8.0/21", "private_ip": "192.168.8.\(host)",
    ]
    return payload
  }

  /// A tenant's own network node.
  static func networkNode() -> StartPayload {
    var payload = StartPayload()
    payload.isNetworkNode = true
    payload.networking = ["vnic_mac": "02:00:e6:f5:b0:01", "vnic_uuid": UUID().uuidString]
    return payload
  }
}

/// A payload of the documentation, as the other tests of payloads have it.
func documentedPayload(_ name: String) throws -> String {
  let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  return try String(
    contentsOf: tests.appendingPathComponent("PayloadsTests/Fixtures/documented-\(name).yaml"), encoding: .utf8)
}
