import Channel
import Glibc
import Glog
import Instances
import Linux
import Loop
import Startup
import ServiceManager

/// Knows the instances from launcher-vmm and answers launcher-net's requests for samples.
final class Reporter {
  /// Seconds between two turns of measuring what did not fit a sample: a hundredth of one CPU at most.
  private static let catchUpInterval = 1.0

  /// Without a scheduler nobody asks for samples: the metrics are then written at this multiple of the interval.
  private static let patience = 1.5

  private let loop: EventLoop
  private let node: NodeSource
  private let metrics: MetricsFile?
  /// Seconds between two samples that launcher-net asks for.
  private let interval: Double
  private var metricsTimer: EventLoop.Timer?
  private let service: ServiceManager
  private var vmm: Channel<VMMToStats, StatsToVMM>?
  private var net: Channel<NetToStats, StatsToNet>?
  private var visitor: RendezvousVisitor?
  private var isCatchingUp = false
  private let instances: InstanceSampler
  /// Told of since the channel was opened, until that is complete: so a restart of launcher-vmm shows no empty node.
  private var confirmed: Set<Identifier>?

  init(
    rendezvous: String, sockets: RendezvousVisitor.Sockets, node: NodeSource, instances: InstanceSampler,
    metrics: MetricsFile?, interval: Double, loop: EventLoop, service: ServiceManager
  ) {
    self.metrics = metrics
    self.interval = interval
    self.loop = loop
    self.service = service
    self.node = node
    self.instances = instances
    visitor = RendezvousVisitor(
      role: .stats, path: rendezvous, sockets: sockets, loop: loop, onChannel: { [unowned self] in useVMM($0) },
      onTrouble: { log.warning("rendezvous: \($0)") },
      onExhausted: {
        log.fatal("launcher-vmm keeps ending before it answers; starting anew", status: Startup.startAgainStatus)
      })
  }

  func start() { visitor?.visit() }

  private func useVMM(_ socket: Descriptor) {
    confirmed = []
    vmm = Channel(
      socket, loop: loop, onMessage: { [unowned self] in handle($0) },
      onClose: { [unowned self] reason in
        log.warning("launcher-vmm's channel closed: \(reason); visiting the rendezvous")
        service.status("waiting for launcher-vmm")
        vmm = nil
        visitor?.visit()
      })
    log.info("connected to launcher-vmm")
    service.ready("connected to launcher-vmm")
  }

  /// What launcher-vmm may tell.
  private func handle(_ message: VMMToStats) {
    switch message {
    case .instance(let record, let files):
      confirmed?.insert(record.instance)
      instances.update(record, files)
    case .removed(let id): instances.remove(id)
    case .complete:
      if let confirmed { instances.keep(only: confirmed) }
      confirmed = nil
      if metricsTimer == nil { writeMetrics(node.sample(), instances.sample()) }
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
      let node = node.sample()
      net?.send(.node(request: request, node))
      if withInstances { sendInstances(request, node) }
    }
  }

  private func sendInstances(_ request: UInt64, _ node: NodeSample) {
    let samples = instances.sample()
    writeMetrics(node, samples)
    var rest = samples[...]
    repeat {
      let part = rest.prefix(StatsToNet.maximumInstances)
      rest = rest.dropFirst(part.count)
      net?.send(.instances(request: request, Array(part), isLast: rest.isEmpty))
    } while !rest.isEmpty
    catchUp()
  }

  /// The same sample for the node's own operators, and the next one in case that launcher-net asks for none.
  private func writeMetrics(_ sample: NodeSample, _ samples: [InstanceSample]) {
    guard let metrics else { return }
    metrics.write(sample, samples, at: time(nil))
    if let metricsTimer { loop.cancel(metricsTimer) }
    metricsTimer = loop.schedule(at: .after(seconds: Self.patience * interval)) { [unowned self] in
      vmm?.drain()
      writeMetrics(node.sample(), instances.sample())
      catchUp()
    }
  }

  private func catchUp() {
    guard !isCatchingUp else { return }
    isCatchingUp = true
    loop.schedule(at: .after(seconds: Self.catchUpInterval)) { [unowned self] in
      isCatchingUp = false
      if instances.catchUp() { catchUp() }
    }
  }
}
