import Channel
import Instances

extension Instance {
  /// What is asked of an instance.
  enum Work {
    /// `isRestart`: or start it as RESTART does, if it is there.
    case start(InstanceSpec, GuestData, isRestart: Bool)
    case stop
    case restart
    case delete
    /// DELETE with `stop: true`.
    case withdraw
    case attachVolume(Identifier)
    case detachVolume(Identifier)

    var command: InstanceCommand {
      switch self {
      case .start: .start
      case .stop: .stop
      case .restart: .restart
      case .delete, .withdraw: .delete
      case .attachVolume: .attachVolume
      case .detachVolume: .detachVolume
      }
    }
  }

  struct Failure: Error {
    var reason: FailureReason
    var cause: String
    /// Instances were made or removed in spite of it.
    var changedCensus = false
  }
}

extension Instance.Work {
  /// A success makes or removes an instance.
  var changesCensus: Bool {
    switch self {
    // One that was made for the instance was promised disk.
    case .start, .delete, .withdraw, .detachVolume: true
    case .stop, .restart, .attachVolume: false
    }
  }

  func failure(of id: Identifier, _ reason: FailureReason) -> Report {
    switch self {
    case .start(_, _, isRestart: true): .restartingFailure(id, reason)
    case .attachVolume(let volume), .detachVolume(let volume): .volumeFailure(command, id, volume: volume, reason)
    default: .failure(command, id, reason)
    }
  }
}
