import AsyncLoop
import Channel
import Glog
import Instances
import Linux
import Loop
import Payloads
import SSNTP

/// Tells the scheduler how the node is: READY or FULL at connect and after each change of the number of instances,
/// STATS at connect and then at its interval.
@LoopActor final class NodeReporter {
  private let session: Session
  private let stats: StatsClient
  private let uuid: NodeUUID
  private let maximumInstances: Int
  /// Seconds.
  private let interval: Double
  private var census = 0
  private var statusIsDue = false
  private var isSendingStatus = false
  private var timer: EventLoop.Timer?

  init(session: Session, stats: StatsClient, uuid: NodeUUID, maximumInstances: Int, interval: Double) {
    self.session = session
    self.stats = stats
    self.uuid = uuid
    self.maximumInstances = maximumInstances
    self.interval = interval
  }

  private var status: Status { census >= maximumInstances ? .full : .ready }

  func connected() {
    announceStatus()
    reportStats(due: .now)
  }

  func disconnected() {
    if let timer { LoopActor.loop.cancel(timer) }
    timer = nil
  }

  func censusChanged(to count: Int) {
    census = count
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

  /// Reports now, and again an interval after `due`; a report that was late does not make the next one so.
  private func reportStats(due: Moment) {
    let next = Moment(nanoseconds: due.nanoseconds + Int64(interval * 1_000_000_000))
    timer = LoopActor.loop.schedule(at: next) { [weak self] in self?.reportStats(due: max(next, .now)) }
    LoopActor.start { await self.sendStats() }
  }

  private func sendStats() async {
    let sample = await stats.sample(withInstances: true)
    guard session.isConnected else { return }
    let payload = statsPayload(
      nodeUUID: uuid.description, status: "\(status)", sample.node, sample.instances)
    session.send { .command(.stats, origin: $0, payload: payload) }
  }
}
