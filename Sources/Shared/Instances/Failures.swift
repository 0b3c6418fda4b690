/// The commands that are carried out on one instance.
public enum InstanceCommand: UInt8, Sendable, CaseIterable {
  case start = 0
  case stop = 1
  case restart = 2
  case delete = 3
  case attachVolume = 4
  case detachVolume = 5

  public var name: String {
    switch self {
    case .start: "START"
    case .stop: "STOP"
    case .restart: "RESTART"
    case .delete: "DELETE"
    case .attachVolume: "AttachVolume"
    case .detachVolume: "DetachVolume"
    }
  }

  /// The key that a payload of this command has at its top.
  public var payloadKey: String {
    switch self {
    case .start: "start"
    case .stop: "stop"
    case .restart: "restart"
    case .delete: "delete"
    case .attachVolume: "attach_volume"
    case .detachVolume: "detach_volume"
    }
  }

  /// It is about a volume of the instance.
  public var isOfVolume: Bool { self == .attachVolume || self == .detachVolume }

  /// The reasons that a failure of this command may carry on the wire.
  public var failureReasons: Set<FailureReason> {
    switch self {
    case .start:
      [
        .fullComputeNode, .invalidPayload, .invalidData, .alreadyRunning, .instanceExists, .imageFailure,
        .launchFailure, .networkFailure,
      ]
    case .stop: [.noInstance, .invalidPayload, .invalidData, .alreadyStopped]
    case .restart:
      [
        .noInstance, .invalidPayload, .invalidData, .alreadyRunning, .instanceCorrupt, .launchFailure,
        .networkFailure,
      ]
    case .delete: [.noInstance, .invalidPayload, .invalidData]
    case .attachVolume:
      [
        .noInstance, .invalidPayload, .invalidData, .attachFailure, .alreadyAttached, .stateFailure, .instanceFailure,
        .notSupported,
      ]
    case .detachVolume:
      [
        .noInstance, .invalidPayload, .invalidData, .detachFailure, .notAttached, .stateFailure, .instanceFailure,
        .notSupported,
      ]
    }
  }
}

/// The commands that are about the node itself.
public enum NodeCommand: UInt8, Sendable, CaseIterable {
  case evacuate = 0
  case restore = 1

  public var name: String {
    switch self {
    case .evacuate: "EVACUATE"
    case .restore: "Restore"
    }
  }

  /// The key that a payload of this command has at its top.
  public var payloadKey: String {
    switch self {
    case .evacuate: "evacuate"
    case .restore: "restore"
    }
  }
}

/// Why a command failed, as the `reason` of its failure says it.
public enum FailureReason: UInt8, Sendable, CaseIterable {
  case fullComputeNode = 0
  case invalidPayload = 1
  case invalidData = 2
  case alreadyRunning = 3
  case instanceExists = 4
  case imageFailure = 5
  case launchFailure = 6
  case networkFailure = 7
  case noInstance = 8
  case alreadyStopped = 9
  case instanceCorrupt = 10
  case attachFailure = 11
  case detachFailure = 12
  case alreadyAttached = 13
  case notAttached = 14
  case stateFailure = 15
  case instanceFailure = 16
  case notSupported = 17

  /// The text on the wire.
  public var name: String {
    switch self {
    case .fullComputeNode: "full_cn"
    case .invalidPayload: "invalid_payload"
    case .invalidData: "invalid_data"
    case .alreadyRunning: "already_running"
    case .instanceExists: "instance_exists"
    case .imageFailure: "image_failure"
    case .launchFailure: "launch_failure"
    case .networkFailure: "network_failure"
    case .noInstance: "no_instance"
    case .alreadyStopped: "already_stopped"
    case .instanceCorrupt: "instance_corrupt"
    case .attachFailure: "attach_failure"
    case .detachFailure: "detach_failure"
    case .alreadyAttached: "already_attached"
    case .notAttached: "not_attached"
    case .stateFailure: "state_failure"
    case .instanceFailure: "instance_failure"
    case .notSupported: "not_supported"
    }
  }
}
