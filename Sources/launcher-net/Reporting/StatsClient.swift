import AsyncLoop
import Channel
import Glog
import Instances
import Linux

/// Asks launcher-stats for samples.
@LoopActor final class StatsClient {
  /// Seconds for a sample: it costs launcher-stats milliseconds; while it restarts its figures are reported as -1.
  private static let deadline = 3.0

  /// Instances of one sample: more than a node can have (`-max-vm`), less than hurts.
  private static let maximumInstances = 100_000

  struct Sample {
    var node = NodeSample()
    var instances: [InstanceSample] = []
  }

  private struct Pending {
    var sample = Sample()
    let withInstances: Bool
    let continuation: CheckedContinuation<Sample?, Never>
  }

  private var channel: Channel<StatsToNet, NetToStats>?
  private let arrival = Gate()
  private var pending: [UInt64: Pending] = [:]
  private var nextRequest: UInt64 = 1

  /// Seconds before launcher-vmm is asked for a new channel; when launcher-stats restarted it comes unasked.
  private static let patience = 2.0
  /// Asks launcher-vmm for a new channel.
  var onMissing: (() -> Void)?

  nonisolated init() {}

  /// Uses a new channel in place of the old.
  func use(_ socket: Descriptor) {
    channel?.close()
    giveUp()
    channel = Channel(
      socket, loop: LoopActor.loop, onMessage: { [unowned self] in handle($0) },
      onClose: { [unowned self] reason in
        log.warning("launcher-stats's channel closed: \(reason)")
        channel = nil
        giveUp()
        askLater()
      })
    arrival.open()
  }

  private func askLater() {
    LoopActor.loop.schedule(at: .after(seconds: Self.patience)) { [weak self] in
      guard let self, channel == nil else { return }
      onMissing?()
      askLater()
    }
  }

  private func giveUp() {
    let all = pending
    pending.removeAll()
    for (_, entry) in all { entry.continuation.resume(returning: nil) }
  }

  /// What launcher-stats may tell.
  private func handle(_ message: StatsToNet) {
    switch message {
    case .node(let request, let node):
      pending[request]?.sample.node = node
      if pending[request]?.withInstances == false { finish(request) }
    case .instances(let request, let instances, let isLast):
      pending[request]?.sample.instances += instances
      guard (pending[request]?.sample.instances.count ?? 0) <= Self.maximumInstances else {
        log.error("launcher-stats tells of more than \(Self.maximumInstances) instances; closing its channel")
        channel?.close()
        channel = nil
        return giveUp()
      }
      if isLast { finish(request) }
    }
  }

  private func finish(_ request: UInt64) {
    guard let entry = pending.removeValue(forKey: request) else { return }
    entry.continuation.resume(returning: entry.sample)
  }

  /// The figures of this moment; all -1 and without instances when launcher-stats does not answer in time.
  func sample(withInstances: Bool) async -> Sample {
    let deadline = Moment.after(seconds: Self.deadline)
    while channel == nil, await arrival.wait(until: deadline) {}
    guard let channel else {
      log.warning("launcher-stats is not there: figures are reported as -1")
      return Sample()
    }
    let request = nextRequest
    nextRequest += 1
    let sample = await withCheckedContinuation { (continuation: CheckedContinuation<Sample?, Never>) in
      pending[request] = Pending(withInstances: withInstances, continuation: continuation)
      LoopActor.loop.schedule(at: deadline) { [weak self] in
        self?.pending.removeValue(forKey: request)?.continuation.resume(returning: nil)
      }
      channel.send(.sample(request: request, withInstances: withInstances))
    }
    if sample == nil { log.warning("launcher-stats does not answer: figures are reported as -1") }
    return sample ?? Sample()
  }
}
