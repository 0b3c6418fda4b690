import AsyncLoop
import Channel
import Glog
import Instances
import Payloads
import SSNTP

/// Sends launcher-vmm's reports to the scheduler, in order, and acknowledges each when it has left. What comes while
/// no scheduler is there waits; launcher-vmm bounds how much.
@LoopActor final class ReportQueue {
  private let session: Session
  /// This node's own end of the tunnels to concentrators.
  private let computeAddress: IPv4Address?
  private let acknowledge: (UInt64) -> Void
  private var waiting: [(number: UInt64, report: Report)] = []

  init(session: Session, computeAddress: IPv4Address?, acknowledge: @escaping (UInt64) -> Void) {
    self.session = session
    self.computeAddress = computeAddress
    self.acknowledge = acknowledge
  }

  /// Takes a report; one that is here already, because launcher-vmm had no acknowledgement yet, is not taken twice.
  func take(_ number: UInt64, _ report: Report) {
    guard !waiting.contains(where: { $0.number == number }) else { return }
    waiting.append((number, report))
    send(number, report)
  }

  /// Sends everything that has not left on an earlier connection.
  func connected() {
    for (number, report) in waiting { send(number, report) }
  }

  private func send(_ number: UInt64, _ report: Report) {
    session.send({ frame(report, origin: $0) }) { [weak self] in
      self?.waiting.removeAll { $0.number == number }
      self?.acknowledge(number)
    }
  }

  private func frame(_ report: Report, origin: NodeUUID) -> Frame {
    switch report {
    case .failure(let command, let instance, let reason): failureFrame(command, instance, reason, origin: origin)
    case .deleted(let instance): .event(.instanceDeleted, origin: origin, payload: instanceDeletedPayload(instance))
    case .tenantAdded(let subnet): .event(.tenantAdded, origin: origin, payload: payload(.added, subnet, origin))
    case .tenantRemoved(let subnet): .event(.tenantRemoved, origin: origin, payload: payload(.removed, subnet, origin))
    }
  }

  private func payload(_ change: TenantChange, _ subnet: TenantSubnet, _ origin: NodeUUID) -> [UInt8] {
    tenantPayload(change, subnet, nodeUUID: origin.description, nodeAddress: computeAddress)
  }
}

/// The ERROR frame of a command that failed.
func failureFrame(_ command: InstanceCommand, _ instance: Identifier?, _ reason: FailureReason, origin: NodeUUID)
  -> Frame
{
  let code: ErrorCode =
    switch command {
    case .start: .startFailure
    case .stop: .stopFailure
    case .restart: .restartFailure
    case .delete: .deleteFailure
    }
  return .error(code, origin: origin, payload: failurePayload(instance: instance, reason: reason))
}
