import Channel
import Instances
import Linux
import Payloads

/// The first byte chooses the command, and from 128 on between those that are about the node; from 192 on: CONFIGURE.
func readPayload(_ bytes: [UInt8]) {
  guard let (choice, payload) = split(bytes) else { return }
  if choice >= 192 { return readConfiguration(payload) }
  if choice >= 128 { return readNode(payload, of: NodeCommand.allCases[choice % NodeCommand.allCases.count]) }
  switch InstanceCommand.allCases[choice % InstanceCommand.allCases.count] {
  case .start: readStart(payload)
  case .delete: readDelete(payload)
  case .attachVolume, .detachVolume:
    let command = InstanceCommand.allCases[choice % InstanceCommand.allCases.count]
    guard let target = try? parseVolumeTarget(payload, of: command, nodeUUID: "0a") else { return }
    require(Identifier(target.volume.text) == target.volume, "\(target.volume.text) is no volume")
  case let command:
    guard let instance = try? parseTarget(payload, of: command) else { return }
    require(Identifier(instance.text) == instance, "\(instance.text) is no instance")
  }
}

private func readNode(_ payload: [UInt8], of command: NodeCommand) {
  guard let node = try? parseNode(payload, of: command) else { return }
  require(Identifier(node.text) == node, "\(node.text) is no node")
}

/// DELETE names its instance as the others do; what is more may make it refused, and nothing else.
private func readDelete(_ payload: [UInt8]) {
  guard let delete = try? parseDelete(payload) else { return }
  require((try? parseTarget(payload, of: .delete)) == delete.instance, "\(delete) is of another instance")
}

private func readConfiguration(_ payload: [UInt8]) {
  guard let configuration = try? parseConfiguration(payload) else { return }
  for subnets in [configuration.computeNetworks, configuration.managementNetworks].compactMap({ $0 }) {
    require((1...NodeConfiguration.maximumSubnets).contains(subnets.count), "\(subnets.count) subnets")
  }
  let user = configuration.childUser ?? "u"
  require((1...NodeConfiguration.maximumUser).contains(user.utf8.count) && user.utf8.allSatisfy { $0 > 32 }, user)
}

private func readStart(_ payload: [UInt8]) {
  guard let start = try? parseStart(payload) else { return }
  require(
    start.userData.count + (start.metaData?.count ?? 0) <= payload.count,
    "the guest's data is longer than what was sent")
  // What launcher-net accepts, launcher-vmm takes: else an honest launcher-net would lose its channel.
  let request = Request(number: 1, isRepeated: false)
  let hasMetaData = start.metaData != nil
  let message = NetToVMM.start(
    request, start.spec, userData: someDescriptor, metaData: hasMetaData ? someDescriptor : nil, scheduler: nil,
    isRestart: start.isRestart)
  let sent = MessageCoding.encode(message)
  require(sent.count <= MessageCoding.maximumSize, "a request of \(sent.count) bytes")
  do {
    let received = try MessageCoding.decode(NetToVMM.self, sent, message.descriptors)
    guard case .start(request, start.spec, _, _, _, start.isRestart) = received else {
      fatalError("\(start.spec) arrives as \(received)")
    }
  } catch {
    fatalError("launcher-vmm refuses \(start.spec): \(error)")
  }
}
