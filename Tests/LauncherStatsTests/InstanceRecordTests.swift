import Channel
import Glibc
import Instances
import Linux
import Testing

private let id = Identifier("d258443d-72a3-4aa3-8d4c-1c0a6c5f6a0a")!

@Test func aRecordTravelsWithItsFilesInOrder() throws {
  let record = InstanceRecord(instance: id, state: .active, vcpus: 4, sshIP: IPv4Address("10.1.2.3"), sshPort: 33_770)
  let files = InstanceFiles(
    memory: try .open("/dev/null", O_RDONLY), time: nil, disk: try .open("/dev/zero", O_RDONLY))
  let sent = VMMToStats.instance(record, files)
  #expect(sent.descriptors.map(\.raw) == [files.memory!.raw, files.disk!.raw])
  guard
    case .instance(let received, let taken) = try MessageCoding.decode(
      VMMToStats.self, MessageCoding.encode(sent), sent.descriptors)
  else {
    Issue.record("another message")
    return
  }
  #expect(received == record)
  #expect(taken.memory === files.memory)
  #expect(taken.time == nil)
  #expect(taken.disk === files.disk)
}

@Test func aRecordWithMoreDescriptorsThanItNamesIsRefused() throws {
  let record = InstanceRecord(instance: id, state: .exited, vcpus: 1, sshIP: nil, sshPort: 0)
  let bytes = MessageCoding.encode(VMMToStats.instance(record, InstanceFiles()))
  let stray = try Descriptor.open("/dev/null", O_RDONLY)
  #expect(throws: WireError.self) { try MessageCoding.decode(VMMToStats.self, bytes, [stray]) }
}

/// A compute node's guests are reached through their concentrator, at a port made of their address's last two bytes.
@Test(arguments: [
  ("192.168.0.2", 33_002), ("192.168.8.2", 35_050), ("10.0.127.15", 65_527), ("10.0.127.24", nil), (nil, nil),
])
func sshIsReachedThroughTheConcentrator(guest: String?, port: UInt16?) {
  var spec = InstanceSpec(instance: id, tenant: id)
  spec.network.concentratorIP = IPv4Address("172.16.0.9")
  spec.network.privateIP = guest.map { IPv4Address($0)! }
  #expect(spec.sshAddress?.port == port)
  #expect(spec.sshAddress?.ip.description == (port == nil ? nil : "172.16.0.9"))
  spec.network.concentratorIP = nil
  #expect(spec.sshAddress == nil)
}

@Test func aNetworkNodeHasNoSSHAddress() {
  var spec = InstanceSpec(instance: id, tenant: id)
  spec.network.concentratorIP = IPv4Address("172.16.0.9")
  spec.network.privateIP = IPv4Address("192.168.0.2")
  spec.resources.isNetworkNode = true
  #expect(spec.sshAddress == nil)
}
