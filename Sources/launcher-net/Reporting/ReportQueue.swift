import AsyncLoop
import Channel
import Glog
import Instances
import Payloads
import SSNTP
import Settings

/// Sends launcher-vmm's reports and launcher-net's own failures to the scheduler, in order, and acknowledges each report
/// when it has left. What comes while no scheduler is there waits.
@LoopActor final class ReportQueue {
  /// Failures of launcher-net's own that wait at once: a scheduler that goes on sending what is no good and does not
  /// read the answers loses the first of them. Reports are bounded by launcher-vmm.
  nonisolated static let maximumOwn = 1000

  fileprivate enum Entry {
    case report(number: UInt64, Report)
    case own(number: UInt64, InstanceCommand, PayloadError)
  }

  private let send: (_ make: (NodeUUID) -> Frame, _ whenSent: @escaping () -> Void) -> Void
  /// What tunnels to concentrators begin at.
  private let interfaces: [NodeInterfaces.Address]
  private let acknowledge: (UInt64) -> Void
  private var waiting: [Entry] = []
  private var nextOwn: UInt64 = 0

  /// `send` queues a frame on the connection that there is, if any, and says when it has left.
  init(
    send: @escaping (_ make: (NodeUUID) -> Frame, _ whenSent: @escaping () -> Void) -> Void,
    interfaces: [NodeInterfaces.Address], acknowledge: @escaping (UInt64) -> Void
  ) {
    self.send = send
    self.interfaces = interfaces
    self.acknowledge = acknowledge
  }

  /// Takes a report; one that is here already, because launcher-vmm had no acknowledgement yet, is not taken twice.
  func take(_ number: UInt64, _ report: Report) {
    guard !waiting.contains(where: { $0.isReport(number) }) else { return }
    add(.report(number: number, report))
  }

  /// Takes the failure of a command that never came to launcher-vmm.
  func take(_ command: InstanceCommand, _ error: PayloadError) {
    if waiting.count(where: \.isOwn) >= Self.maximumOwn, let first = waiting.firstIndex(where: \.isOwn) {
      log.warning("\(Self.maximumOwn) answers wait for the scheduler to read them; the first is dropped")
      waiting.remove(at: first)
    }
    add(.own(number: nextOwn, command, error))
    nextOwn += 1
  }

  /// Sends everything that has not left on an earlier connection.
  func connected() {
    for entry in waiting { send(entry) }
  }

  private func add(_ entry: Entry) {
    waiting.append(entry)
    send(entry)
  }

  private func send(_ entry: Entry) {
    switch entry {
    case .report(let number, let report):
      send({ frame(report, origin: $0) }) { [weak self] in
        self?.waiting.removeAll { $0.isReport(number) }
        self?.acknowledge(number)
      }
    case .own(let number, let command, let error):
      let target = FailedTarget(instance: error.instance, volume: error.volume)
      send({ failureFrame(command, target, error.reason, isRestart: error.isRestart, origin: $0) }) {
        [weak self] in
        self?.waiting.removeAll { if case .own(number, _, _) = $0 { true } else { false } }
      }
    }
  }

  private func frame(_ report: Report, origin: NodeUUID) -> Frame {
    switch report {
    case .failure(let command, let instance, let reason):
      failureFrame(command, FailedTarget(instance: instance), reason, origin: origin)
    case .volumeFailure(let command, let instance, let volume, let reason):
      failureFrame(command, FailedTarget(instance: instance, volume: volume), reason, origin: origin)
    case .deleted(let instance): .event(.instanceDeleted, origin: origin, payload: instanceDeletedPayload(instance))
    case .tenantAdded(let subnet): .event(.tenantAdded, origin: origin, payload: payload(.added, subnet, origin))
    case .tenantRemoved(let subnet): .event(.tenantRemoved, origin: origin, payload: payload(.removed, subnet, origin))
    case .stopped(let instance): .event(.instanceStopped, origin: origin, payload: instanceStoppedPayload(instance))
    case .restartingFailure(let instance, let reason):
      failureFrame(.start, FailedTarget(instance: instance), reason, isRestart: true, origin: origin)
    }
  }

  private func payload(_ change: TenantChange, _ subnet: TenantSubnet, _ origin: NodeUUID) -> [UInt8] {
    tenantPayload(
      change, subnet, nodeUUID: origin.description,
      nodeAddress: NodeInterfaces.towards(subnet.concentratorIP, among: interfaces)?.ip)
  }
}

extension ReportQueue.Entry {
  fileprivate var isOwn: Bool { if case .own = self { true } else { false } }

  fileprivate func isReport(_ number: UInt64) -> Bool {
    if case .report(number, _) = self { true } else { false }
  }
}

/// What a command that failed was about, as far as it said so.
struct FailedTarget {
  var instance: Identifier?
  var volume: Identifier?
}

/// The ERROR frame of a command that failed.
func failureFrame(
  _ command: InstanceCommand, _ target: FailedTarget, _ reason: FailureReason, isRestart: Bool = false,
  origin: NodeUUID
) -> Frame {
  let code: ErrorCode =
    switch command {
    case .start: .startFailure
    case .stop: .stopFailure
    case .restart: .restartFailure
    case .delete: .deleteFailure
    case .attachVolume: .attachVolumeFailure
    case .detachVolume: .detachVolumeFailure
    }
  let payload =
    command.isOfVolume
    ? volumeFailurePayload(
      command, instance: target.instance, volume: target.volume, reason: reason, nodeUUID: origin.description)
    : failurePayload(instance: target.instance, reason: reason, isRestart: isRestart)
  return .error(code, origin: origin, payload: payload)
}
