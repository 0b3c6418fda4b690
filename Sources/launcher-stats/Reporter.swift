import Channel
import Glog
import Instances
import Linux
import Loop

/// Knows the instances from launcher-vmm and answers launcher-net's requests for samples.
final class Reporter {
  private let loop: EventLoop
  private let node: NodeSource
  private var vmm: Channel<VMMToStats, StatsToVMM>?
  private var net: Channel<NetToStats, StatsToNet>?
  private var visitor: RendezvousVisitor?
  private var instances: [Identifier: InstanceRecord] = [:]
  /// Told since the channel was opened, until that is complete: so a restart of launcher-vmm shows no empty node.
  private var incoming: [Identifier: InstanceRecord]?

  init(rendezvous: String, sockets: RendezvousVisitor.Sockets, node: NodeSource, loop: EventLoop) {
    self.loop = loop
    self.node = node
    visitor = RendezvousVisitor(
      role: .stats, path: rendezvous, sockets: sockets, loop: loop, onChannel: { [unowned self] in useVMM($0) },
      onTrouble: { log.warning("rendezvous: \($0)") },
      onExhausted: { log.fatal("launcher-vmm keeps ending before it answers; starting anew") })
  }

  func start() { visitor?.visit() }

  private func useVMM(_ socket: Descriptor) {
    incoming = [:]
    vmm = Channel(
      socket, loop: loop, onMessage: { [unowned self] in handle($0) },
      onClose: { [unowned self] reason in
        log.warning("launcher-vmm's channel closed: \(reason); visiting the rendezvous")
        vmm = nil
        visitor?.visit()
      })
    log.info("connected to launcher-vmm")
  }

  /// What launcher-vmm may tell.
  private func handle(_ message: VMMToStats) {
    switch message {
    case .instance(let record):
      if incoming != nil { incoming?[record.instance] = record } else { instances[record.instance] = record }
    case .removed(let id):
      incoming?[id] = nil
      instances[id] = nil
    case .complete:
      instances = incoming ?? instances
      incoming = nil
    case .netChannel(let end):
      net?.close()
      net = Channel(
        end, loop: loop, onMessage: { [unowned self] in handle($0) },
        onClose: { [unowned self] reason in
          log.info("launcher-net's channel closed: \(reason)")
          net = nil
        })
    }
  }

  /// What launcher-net may ask.
  private func handle(_ message: NetToStats) {
    switch message {
    case .sample(let request, let withInstances):
      // launcher-vmm tells us of a change before it tells launcher-net: what it has told by now belongs in the answer.
      vmm?.drain()
      net?.send(.node(request: request, node.sample()))
      if withInstances { sendInstances(request) }
    }
  }

  private func sendInstances(_ request: UInt64) {
    let samples = instances.values.map(sample).sorted { $0.instance < $1.instance }
    var rest = samples[...]
    repeat {
      let part = rest.prefix(StatsToNet.maximumInstances)
      rest = rest.dropFirst(part.count)
      net?.send(.instances(request: request, Array(part), isLast: rest.isEmpty))
    } while !rest.isEmpty
  }

  private func sample(_ record: InstanceRecord) -> InstanceSample {
    var sample = InstanceSample(instance: record.instance, state: record.state)
    sample.sshIP = record.sshIP?.description ?? ""
    sample.sshPort = Int(record.sshPort)
    return sample
  }
}
