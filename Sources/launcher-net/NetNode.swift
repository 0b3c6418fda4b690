import AsyncLoop
import Channel
import Glog
import Instances
import Linux
import Loop
import SSNTP
import ServiceManager
import Settings
import Startup

/// launcher-net at work: the session with the scheduler on one side, the channels on the other.
@LoopActor final class NetNode {
  private let session: Session
  private let service: ServiceManager
  private let network: NodeNetwork
  private let stats = StatsClient()
  private let traces = Traces()
  private let reporter: NodeReporter
  private var reports: ReportQueue!
  private var gateway: CommandGateway!
  private let configurator: Configurator
  private var vmm: Channel<VMMToNet, NetToVMM>?
  private var visitor: RendezvousVisitor!
  private let vmmArrival = Gate()
  private var isConnected = false
  /// Operands and types that were ignored: each is logged once.
  private var ignored: Set<String> = []
  /// The scheduler has configured this node, by this process.
  private var isConfigured = false

  init(
    session: Session, uuid: NodeUUID, _ options: Settings, interfaces: [NodeInterfaces.Address],
    sockets: RendezvousVisitor.Sockets, service: ServiceManager
  ) {
    self.session = session
    self.service = service
    network = options.network
    reporter = NodeReporter(session: session, stats: stats, traces: traces, uuid: uuid, interval: options.statsInterval)
    configurator = Configurator(options, interfaces: interfaces)
    reporter.use(configurator.effects.interfaces)
    session.tracesFrames = configurator.effects.tracesFrames
    reports = ReportQueue(
      send: { [unowned self] make, whenSent in self.session.send(make, whenSent: whenSent) },
      interfaces: configurator.effects.interfaces,
      acknowledge: { [unowned self] in _ = vmm?.send(.acknowledge($0)) })
    gateway = CommandGateway(
      network: network, node: uuid,
      send: { [unowned self] in vmm?.send($0) ?? false },
      fail: { [unowned self] in reports.take($0, $1) })
    stats.onMissing = { [unowned self] in _ = vmm?.send(.needStatsChannel) }
    visitor = RendezvousVisitor(
      role: .net, path: options.rendezvous, sockets: sockets, loop: LoopActor.loop,
      onChannel: { [unowned self] in useVMM($0) }, onTrouble: { log.warning("rendezvous: \($0)") },
      onExhausted: {
        log.fatal("launcher-vmm keeps ending before it answers; starting anew", status: Startup.startAgainStatus)
      })
    configurator.onChange = { [unowned self] in use($0) }
    session.onConnected = { [unowned self] connected in
      isConnected = true
      // No payload says nothing.
      if !connected.payload.isEmpty { configure(connected.payload) }
      showStatus()
      reporter.connected()
      reports.connected()
    }
    session.onDisconnected = { [unowned self] in
      isConnected = false
      showStatus()
      reporter.disconnected()
    }
    session.onLost = { [unowned self] in gateway.connectionLost() }
    session.onFrame = { [unowned self] in await handle($0) }
  }

  /// Meets launcher-vmm first, whose instances the first status counts, then serves the scheduler for ever.
  func run() async {
    visitor.visit()
    while vmm == nil { _ = await vmmArrival.wait() }
    await session.run()
  }

  private func useVMM(_ socket: Descriptor) {
    vmm = Channel(
      socket, loop: LoopActor.loop, onMessage: { [unowned self] in handle($0) },
      onClose: { [unowned self] reason in
        log.warning("launcher-vmm's channel closed: \(reason); visiting the rendezvous")
        vmm = nil
        showStatus()
        visitor.visit()
      })
    log.info("connected to launcher-vmm")
    // With or without a scheduler: a node whose scheduler is away is up.
    service.ready(statusLine)
    if isConfigured { vmm?.send(.configure(configurator.effects.limits)) }
    gateway.sendAll()
    vmmArrival.open()
  }

  private var statusLine: String {
    "scheduler: \(isConnected ? "connected" : "away"); launcher-vmm: \(vmm == nil ? "away" : "connected")"
  }

  private func showStatus() { service.status(statusLine) }

  /// What launcher-vmm may tell.
  private func handle(_ message: VMMToNet) {
    switch message {
    case .completed(let number): gateway.completed(number)
    case .report(let number, let request, let report):
      reports.take(number, report)
      if let request { gateway.completed(request) }
    case .census(let count, let isFull, let isInMaintenance):
      reporter.censusChanged(to: Int(count), isInMaintenance ? .maintenance : isFull ? .full : .ready)
    case .statsChannel(let end): stats.use(end)
    case .network(let network): compare(network)
    }
  }

  /// launcher-vmm would take what this process sends as an attack, and this one send it again for ever.
  private func compare(_ other: NodeNetwork) {
    guard network != other else { return }
    log.fatal(
      "this process has -network \(network.rawValue), launcher-vmm has -network \(other.rawValue): give both the same",
      status: Settings.usageStatus)
  }

  /// What a scheduler may ask. Returns when the next frame may be read.
  private func handle(_ frame: Frame) async {
    log.step("frame-arrived")
    guard frame.frameType != nil else {
      ignore("frames of type \(frame.type)")
      return session.send { .error(.invalidFrameType, origin: $0) }
    }
    switch frame.command {
    case .start: await gateway.take(.start, frame.payload, from: session.host, whenDone: traces.follow(frame))
    case .stop: await gateway.take(.stop, frame.payload)
    case .restart: await gateway.take(.restart, frame.payload)
    case .delete: await gateway.take(.delete, frame.payload)
    case .evacuate: await gateway.take(.evacuate, frame.payload)
    case .restore: await gateway.take(.restore, frame.payload)
    case .configure: configure(frame.payload)
    case .attachVolume: await gateway.take(.attachVolume, frame.payload)
    case .detachVolume: await gateway.take(.detachVolume, frame.payload)
    default: ignore(frame.kind)
    }
  }

  private func configure(_ payload: [UInt8]) {
    // launcher-vmm may have what an earlier run of this process told it.
    let before = isConfigured ? configurator.effects.limits : nil
    guard configurator.take(payload) else { return session.send { .error(.invalidConfiguration, origin: $0) } }
    isConfigured = true
    let limits = configurator.effects.limits
    if limits != before { _ = vmm?.send(.configure(limits)) }
  }

  private func use(_ effects: Configurator.Effects) {
    reporter.use(effects.interfaces)
    session.tracesFrames = effects.tracesFrames
  }

  private func ignore(_ what: String) {
    if ignored.insert(what).inserted { log.warning("ignoring \(what) from the server") }
  }
}
