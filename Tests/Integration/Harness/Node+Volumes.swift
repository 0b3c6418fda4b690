import Foundation
import Testing

extension Node {
  static func withVolumes(_ arguments: [String: String] = [:]) -> Options {
    var options = Options(arguments)
    options.hasVolumes = true
    return options
  }

  /// The node's UUID, as the scheduler knows it.
  var nodeUUID: String { peer.events.last { $0.event == "connected" }?.uuid ?? "" }

  func path(ofVolume name: String) -> String { "\(volumes)/\(name)" }

  /// Makes a raw volume with this text at its beginning; gives its UUID.
  func makeVolume(_ text: String = "", bytes: Int = 1_048_576) throws -> String {
    let volume = UUID().uuidString.lowercased()
    try give(volume, Data(text.utf8) + Data(count: bytes - text.utf8.count))
    return volume
  }

  /// Makes a volume with the arguments of qemu-img, which puts the file's name in the place of FILE.
  func makeVolume(_ volume: String = UUID().uuidString.lowercased(), suffix: String, _ words: String) throws -> String {
    let path = path(ofVolume: volume + suffix)
    try ChildProcess.run(
      ["/usr/bin/qemu-img"] + words.split(separator: " ").map { $0 == "FILE" ? path : String($0) })
    chown(path, Self.vmmUser, Self.vmmUser)
    return volume
  }

  private func give(_ name: String, _ content: Data) throws {
    let path = path(ofVolume: name)
    try content.write(to: URL(fileURLWithPath: path))
    chown(path, Self.vmmUser, Self.vmmUser)
  }

  /// The payload of AttachVolume or DetachVolume.
  func payload(_ operand: String, _ instance: String, _ volume: String, agent: String? = nil) -> String {
    """
    \(operand == "AttachVolume" ? "attach_volume" : "detach_volume"):
      instance_uuid: \(instance)
      volume_uuid: \(volume)
      workload_agent_uuid: \(agent ?? nodeUUID)

    """
  }

  func send(_ operand: String, of instance: String, _ volume: String) throws {
    try send(operand, payload(operand, instance, volume))
  }

  /// Waits until STATS lists these volumes of an instance.
  func volumes(_ volumes: [String], of instance: String) async throws {
    let mark = try mark
    try await frame("STATS with \(volumes) of \(instance)", since: mark) {
      $0.isStats && $0.volumes[instance].map(Set.init) == Set(volumes)
    }
  }

  func attach(_ volume: String, to instance: String, leading all: [String]) async throws {
    try send("AttachVolume", of: instance, volume)
    try await volumes(all, of: instance)
  }

  /// Sends a command about a volume that fails.
  func expectVolumeFailure(
    _ operand: String, _ reason: String, _ instance: String, _ volume: String,
    _ location: SourceLocation = #_sourceLocation
  ) async throws {
    let mark = try mark
    try await expectFailure(
      "\(operand)Failure", reason, of: instance, by: operand, payload(operand, instance, volume), location)
    let answer = frames(since: mark).first { $0.isError("\(operand)Failure") }
    #expect(answer?["volume_uuid"] == volume, sourceLocation: location)
    #expect(answer?["node_uuid"] == (operand == "AttachVolume" ? nodeUUID : nil), sourceLocation: location)
  }
}

extension Frame {
  /// The volumes of each instance of a STATS.
  var volumes: [String: [String]] {
    var volumes: [String: [String]] = [:]
    var instance: String?
    for line in payload.split(separator: "\n") {
      let words = line.split(separator: " ")
      if let place = words.firstIndex(of: "instance_uuid:"), words.count > place + 1 {
        instance = words[place + 1].trimmingCharacters(in: CharacterSet(charactersIn: "\""))
        volumes[instance!] = []
      } else if words.count == 2, words[0] == "-", words[1].hasPrefix("\""), let instance {
        volumes[instance]?.append(words[1].trimmingCharacters(in: CharacterSet(charactersIn: "\"")))
      }
    }
    return volumes
  }
}
