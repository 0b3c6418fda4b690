import Instances
import Payloads
import Testing

@Suite("Volumes are read from START's storage, and from AttachVolume and DetachVolume")
struct VolumeFieldTests {
  private func volumes(_ storage: String) throws -> [Volume] {
    try start(section(with: "storage: \(storage)")).spec.volumes.all
  }

  private func isRefused(_ storage: String) -> Bool {
    do throws(PayloadError) {
      _ = try parseStart(Array(section(with: "storage: \(storage)").utf8))
      return false
    } catch { return error.reason == .invalidData && error.instance != nil }
  }

  @Test("each volume has a slot of its own, and what else the payload says of it")
  func taken() throws {
    let (a, b) = (try #require(Identifier("0a")), try #require(Identifier("1234")))
    for none in ["[]", "~"] { #expect(try volumes(none) == []) }
    #expect(
      try volumes("[{id: 0a, boot: true}, {id: 1234, ephemeral: true, size: 5, tag: x, boot_index: 3}]")
        == [Volume(a, slot: 0, boots: true), Volume(b, slot: 1, ephemeralSize: 5)])
    #expect(try volumes("[{id: 0a, local: true, size: 1}]") == [Volume(a, slot: 0, ephemeralSize: 1)])
    #expect(try volumes("[{id: 0a, size: 5}]") == [Volume(a, slot: 0)], "it is there")
    #expect(try volumes("[{id: 0a, ephemeral: true, size: 0}]") == [Volume(a, slot: 0)], "no size")
    #expect(try volumes("[{id: 0a, ephemeral: false, boot: ~, size: ~}]") == [Volume(a, slot: 0)])
  }

  @Test(
    "what cannot be carried out is invalid data",
    arguments: [
      "{}", "x", "[x]", "[{}]", "[{id: x/y}]", "[{id: ''}]", "[{id: [0a]}]", "[{id: 0a}, {id: 0a}]",
      "[{id: 0a, boot: 1}]", "[{id: 0a, boot: 'true'}]", "[{id: 0a, ephemeral: maybe}]", "[{id: 0a, local: []}]",
      "[{id: 0a, size: -1}]", "[{id: 0a, size: 65537}]", "[{id: 0a, size: '5'}]", "[{id: 0a, size: []}]",
      "[{id: 0}, {id: 1}, {id: 2}, {id: 3}, {id: 4}, {id: 5}, {id: 6}, {id: 7}, {id: 8}]",
    ])
  func refused(_ storage: String) { #expect(isRefused(storage)) }

  @Test("who boots from a volume needs no image")
  func noImage() throws {
    func spec(_ storage: String) throws -> InstanceSpec {
      try start("start: {tenant_uuid: 1, instance_uuid: 2, storage: \(storage)}\n").spec
    }
    #expect(try spec("[{id: 0a, boot: true}]").image == nil)
    #expect(throws: PayloadError.self) { try spec("[{id: 0a}]") }
  }

  @Test("what stands beside the section is the guest's")
  func beside() throws {
    let payload = "storage: [{id: 0a}]\nvolume_uuid: 1\nworkload_agent_uuid: 2\n"
    let parsed = try start(payload + section)
    #expect(parsed.spec.volumes.isEmpty)
    #expect(text(parsed.userData) == payload)
  }

  private static let node = "abcdef01-0000-4000-8000-000000000000"
  private static let commands = [InstanceCommand.attachVolume, .detachVolume]

  private func target(_ fields: String, _ command: InstanceCommand) throws(PayloadError) -> VolumeTarget {
    try parseVolumeTarget(Array("\(command.payloadKey):\n\(fields)".utf8), of: command, nodeUUID: Self.node)
  }

  @Test("instance, volume and node are named", arguments: commands)
  func target(_ command: InstanceCommand) throws {
    for node in [Self.node, Self.node.uppercased()] {
      let target = try target("  instance_uuid: 12\n  volume_uuid: 13\n  workload_agent_uuid: \(node)\n", command)
      #expect(target.instance == Identifier("12") && target.volume == Identifier("13"))
    }
  }

  @Test("a command for another node, or without one of the three, is invalid data", arguments: commands)
  func noTarget(_ command: InstanceCommand) throws {
    let (instance, volume, node) = (
      "  instance_uuid: 12\n", "  volume_uuid: 13\n", "  workload_agent_uuid: \(Self.node)\n"
    )
    for fields in [
      instance + volume, instance + node, volume + node, instance + volume + "  workload_agent_uuid: 0a\n",
      instance + "  volume_uuid: ../13\n" + node, instance + volume + volume + node,
    ] {
      let error = #expect(throws: PayloadError.self) { try target(fields, command) }
      #expect(error?.reason == .invalidData)
      #expect(error?.instance == (fields.contains(instance) ? Identifier("12") : nil), "\(fields)")
      #expect(error?.volume == (fields.contains(volume) ? Identifier("13") : nil), "\(fields)")
    }
    let error = #expect(throws: PayloadError.self) { try target("  {", command) }
    #expect(error?.reason == .invalidPayload)
  }
}
