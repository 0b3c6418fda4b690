import Foundation
import Instances
import Payloads
import SSNTP
import Testing

let firstInstance = "67d86208-b46c-4465-9018-fe14087d415f"
let secondInstance = "22222222-b46c-4465-9018-fe14087d415f"

extension TestClient {
  func sendReady(_ status: Status = .ready) throws {
    var node = NodeSample()
    node.memoryTotalMB = 2000
    try send(.status(status, origin: uuid, payload: readyPayload(nodeUUID: uuid.description, node)))
  }

  func sendStats(_ states: KeyValuePairs<String, InstanceState>, hostName: String = "box", volumes: [String] = [])
    throws
  {
    var node = NodeSample()
    node.memoryTotalMB = 2000
    node.memoryAvailableMB = 1000
    node.cpusOnline = 4
    node.hostName = hostName
    node.networks = [.init(ip: "10.0.0.2", mac: "02:00:00:00:00:01")]
    let samples = try states.map { entry in
      var sample = InstanceSample(instance: try #require(Identifier(entry.key)), state: entry.value)
      sample.sshIP = "10.0.0.9"
      sample.sshPort = 33_001
      sample.memoryUsageMB = 128
      sample.volumes = volumes.compactMap { Identifier($0) }
      return sample
    }
    let payload = statsPayload(nodeUUID: uuid.description, status: "READY", node, samples)
    try send(.command(.stats, origin: uuid, payload: payload))
  }

  func sendFailure(_ error: ErrorCode, _ instance: String, _ reason: FailureReason) throws {
    try send(.error(error, origin: uuid, payload: failurePayload(instance: Identifier(instance), reason: reason)))
  }

  func sendVolumeFailure(_ command: InstanceCommand, _ instance: String, _ volume: String, _ reason: FailureReason)
    throws
  {
    let payload = volumeFailurePayload(
      command, instance: Identifier(instance), volume: Identifier(volume), reason: reason, nodeUUID: uuid.description)
    try send(
      .error(command == .attachVolume ? .attachVolumeFailure : .detachVolumeFailure, origin: uuid, payload: payload))
  }

  func sendStopped(_ instance: String) throws {
    let id = try #require(Identifier(instance))
    try send(.event(.instanceStopped, origin: uuid, payload: instanceStoppedPayload(id)))
  }

  func sendDeleted(_ instance: String) throws {
    let id = try #require(Identifier(instance))
    try send(.event(.instanceDeleted, origin: uuid, payload: instanceDeletedPayload(id)))
  }
}

/// A documented START payload, of `firstInstance`.
enum StartFixture {
  static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/documented-start-1.yaml").path

  static var bytes: [UInt8] { get throws { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) } }
}
