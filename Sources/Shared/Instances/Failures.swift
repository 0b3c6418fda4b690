/// The commands that are carried out on one instance.
public enum InstanceCommand: UInt8, Sendable, CaseIterable {
  case start = 0
  case stop = 1
  case restart = 2
  case delete = 3

  public var name: String {
    switch self {
    case .start: "START"
    case .stop: "STOP"
    case .restart: "RESTART"
    case .delete: "DELETE"
    }
  }

  /// The key that a payload of this command has at its top.
  public var payloadKey: String {
    switch self {
    case .start: "start"
    case .stop: "stop"
    case .restart: "restart"
    case .delete: "delete"
    }
  }

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
    }
  }
}
