import Channel
import Linux

/// A descriptor, where a message needs any: none of the parsers looks at it.
nonisolated(unsafe) let someDescriptor = try! Descriptor.open("/dev/null", 0)

/// Reads a datagram as one kind of message.
typealias MessageReader = ([UInt8], [Descriptor]) -> Void

/// What launcher-net takes, from launcher-vmm, launcher-stats and its resolver.
nonisolated(unsafe) let toNet: [MessageReader] = [
  reader(of: VMMToNet.self), reader(of: StatsToNet.self), reader(of: ResolveAnswer.self),
  reader(of: RendezvousWelcome.self), reader(of: ResolveRequest.self),
]

/// What launcher-vmm takes, from launcher-net, launcher-stats, its visitors and its children, and these from it.
nonisolated(unsafe) let toVMM: [MessageReader] = [
  reader(of: NetToVMM.self), reader(of: StatsToVMM.self), reader(of: RendezvousHello.self),
  reader(of: ManagerToSpawner.self), reader(of: SpawnerToManager.self), reader(of: ObserveRequest.self),
  reader(of: ObserveAnswer.self), reader(of: ManagerToNetwork.self), reader(of: NetworkToManager.self),
  reader(of: ManagerToContainers.self),
]

/// What launcher-stats takes, from launcher-vmm and launcher-net.
nonisolated(unsafe) let toStats: [MessageReader] = [reader(of: VMMToStats.self), reader(of: NetToStats.self)]

/// The first byte: its lower half chooses the direction, its upper half how many descriptors come with the datagram.
func readMessage(_ bytes: [UInt8], of directions: [MessageReader]) {
  guard let (choice, datagram) = split(bytes) else { return }
  directions[(choice & 15) % directions.count](datagram, Array(repeating: someDescriptor, count: choice >> 4))
}

/// A message that was read is written as the bytes it was read from: no two datagrams mean the same.
private func reader<M: Message>(of: M.Type) -> MessageReader {
  { bytes, descriptors in
    guard let message = try? MessageCoding.decode(M.self, bytes, descriptors) else { return }
    require(message.descriptors.count == descriptors.count, "\(message) lost a descriptor")
    let again = MessageCoding.encode(message)
    guard again != bytes else { return }
    // Addresses have several spellings; one of them is written, and stays.
    guard let second = try? MessageCoding.decode(M.self, again, descriptors) else {
      fatalError("\(message) is refused when it is sent on")
    }
    require(MessageCoding.encode(second) == again, "\(message) changes when it is sent on")
  }
}
