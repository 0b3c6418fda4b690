import AsyncLoop
import Channel
import Glog
import Instances
import Linux
import Loop
import Payloads
import SSNTP
import Settings

/// Tells the scheduler how the node is: READY, FULL or MAINTENANCE at connect and after each change of the number of
/// instances or of the status itself, STATS at connect and then at its interval.
@LoopActor final class NodeReporter {
  private let session: Session
  private let stats: StatsClient
  private let traces: Traces
  private let uuid: NodeUUID
  /// The compute interfaces, which launcher-stats has no right to look at.
  private var networks: [NodeSample.Network] = []
  private let cadence: Cadence
  private var census = 0
  private var status = Status.ready
  private var statusIsDue = false
  private var isSendingStatus = false
  private var timer: EventLoop.Timer?

  /// - interval: seconds between two STATS.
  init(
    session: Session, stats: StatsClient, traces: Traces, uuid: NodeUUID, interval: Double
  ) {
    self.session = session
    self.stats = stats
    self.traces = traces
    self.uuid = uuid
    cadence = Cadence(seconds: interval)
  }

  /// Names these in STATS from now on.
  func use(_ interfaces: [NodeInterfaces.Address]) {
    networks = interfaces.map { NodeSample.Network(ip: $0.ip.description, mac: $0.mac.description) }
  }

  func connected() {
    announceStatus()
    reportStats(due: .now)
  }

  func disconnected() {
    if let timer { LoopActor.loop.cancel(timer) }
    timer = nil
  }

  func censusChanged(to count: Int, _ status: Status) {
    census = count
    self.status = status
    announceStatus()
  }

  /// Sends a status, or another one once the one at work has been sent: the newest counts.
  private func announceStatus() {
    statusIsDue = true
    guard !isSendingStatus else { return }
    isSendingStatus = true
    LoopActor.start {
      while self.statusIsDue {
        self.statusIsDue = false
        await self.sendStatus()
      }
      self.isSendingStatus = false
    }
  }

  private func sendStatus() async {
    guard session.isConnected else { return }
    let sample = await stats.sample(withInstances: false)
    let status = status
    let payload = readyPayload(nodeUUID: uuid.description, sample.node)
    session.send { .status(status, origin: $0, payload: payload) }
    log.verbose(1) { "sent \(status), \(census) instances" }
  }

  /// Reports now, and again an interval after `due`.
  private func reportStats(due: Moment) {
    let next = cadence.next(after: due, now: .now)
    timer = LoopActor.loop.schedule(at: next) { [weak self] in self?.reportStats(due: next) }
    LoopActor.start { await self.sendStats() }
  }

  private func sendStats() async {
    var sample = await stats.sample(withInstances: true)
    guard session.isConnected else { return }
    sample.node.networks = networks
    let payload = statsPayload(
      nodeUUID: uuid.description, status: "\(status)", sample.node, sample.instances)
    session.send { .command(.stats, origin: $0, payload: payload) }
    if let report = traces.takeReport() { session.send { .event(.traceReport, origin: $0, payload: report) } }
  }
}

/// The times of something that is done regularly.
struct Cadence {
  /// Nanoseconds.
  private let interval: Int64

  init(seconds: Double) { interval = Int64(seconds * 1_000_000_000) }

  /// When it is due after it was due at `due` and done at `now`: an interval later, so that a time that was late makes
  /// no later one so. After a pause of more than an interval the count begins anew: what was missed is not made up for.
  func next(after due: Moment, now: Moment) -> Moment {
    let next = Moment(nanoseconds: due.nanoseconds + interval)
    return next > now ? next : Moment(nanoseconds: now.nanoseconds + interval)
  }
}
