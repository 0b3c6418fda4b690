import Instances
import JSON
import SSNTP

/// Waits for what becomes of a command: a state in a STATS, a status, an event, or a failure.
final class OutcomeWatch {
  let node: NodeUUID
  private let command: SendableCommand
  /// As in the payload; empty where it names none, and then a failure that names none is meant.
  private let instance: String
  /// The same; empty for a command that is about no volume.
  private let volume: String
  /// Reports of the awaited state that may have been on their way before the command was carried out.
  private var reportsToIgnore: Int
  private(set) var outcome: JSONValue?

  /// - Parameter stateBefore: the instance's in the node's last STATS.
  init(node: NodeUUID, command: SendableCommand, instance: String, volume: String = "", stateBefore: String?) {
    self.node = node
    self.command = command
    self.instance = instance
    self.volume = volume
    reportsToIgnore = stateBefore == command.awaitedState?.name ? 1 : 0
  }

  func reported(_ report: NodeReport) {
    if command.isOfVolume { return reportedVolumes(report) }
    guard let state = command.awaitedState?.name, !instance.isEmpty,
      report.instances.contains(where: { $0.uuid == instance && $0.state == state })
    else { return }
    if reportsToIgnore > 0 { reportsToIgnore -= 1 } else { settle(state, reason: nil) }
  }

  private func reportedVolumes(_ report: NodeReport) {
    guard let instance = report.instances.first(where: { $0.uuid == instance }),
      instance.volumes.contains(volume) == (command == .instance(.attachVolume))
    else { return }
    settle(command == .instance(.attachVolume) ? "attached" : "detached", reason: nil)
  }

  /// An instance was removed, as `event` says.
  func removed(_ instance: String, _ event: Event) {
    if command == .instance(.delete), instance == self.instance { settle("\(event)", reason: nil) }
  }

  func said(_ status: Status) {
    switch (command, status) {
    case (.node(.evacuate), .maintenance), (.node(.restore), .ready), (.node(.restore), .full):
      settle("\(status)", reason: nil)
    default: break
    }
  }

  /// - Parameter volume: empty where the failure names none.
  func failed(_ error: ErrorCode, instance: String, volume: String = "", reason: String) {
    if error == command.failure, instance == self.instance, volume == self.volume {
      settle("\(error)", reason: reason)
    }
  }

  private func settle(_ text: String, reason: String?) {
    guard outcome == nil else { return }
    outcome = [
      "instance": .string(instance), "success": .bool(reason == nil), "outcome": .string(text),
      "reason": reason.map { .string($0) } ?? .null,
    ]
  }
}

extension SendableCommand {
  fileprivate var isOfVolume: Bool { if case .instance(let command) = self { command.isOfVolume } else { false } }

  /// nil: SSNTP knows none.
  fileprivate var failure: ErrorCode? { if case .instance(let command) = self { command.failure } else { nil } }

  fileprivate var awaitedState: InstanceState? {
    if case .instance(let command) = self { command.awaitedState } else { nil }
  }
}

extension InstanceCommand {
  var ssntp: SSNTP.Command {
    switch self {
    case .start: .start
    case .stop: .stop
    case .restart: .restart
    case .delete: .delete
    case .attachVolume: .attachVolume
    case .detachVolume: .detachVolume
    }
  }

  var failure: ErrorCode {
    switch self {
    case .start: .startFailure
    case .stop: .stopFailure
    case .restart: .restartFailure
    case .delete: .deleteFailure
    case .attachVolume: .attachVolumeFailure
    case .detachVolume: .detachVolumeFailure
    }
  }

  /// The state in STATS that shows success; nil where an event does, or the list of volumes.
  var awaitedState: InstanceState? {
    switch self {
    case .start, .restart: .active
    case .stop: .exited
    case .delete, .attachVolume, .detachVolume: nil
    }
  }
}
