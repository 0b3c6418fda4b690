// The numbers of SSNTP and their names in SSNTP's documentation. A peer may send numbers that are not here:
// a Frame keeps the raw bytes.

/// What a frame is about; the operand says more.
public enum FrameType: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  case command, status, error, event

  public var description: String { ["COMMAND", "STATUS", "ERROR", "EVENT"][Int(rawValue)] }
}

/// Operand of a COMMAND.
public enum Command: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  case connect, start, stop, stats, evacuate, delete, restart
  case assignPublicIP, releasePublicIP, configure, attachVolume, detachVolume, restore

  private static let names = [
    "CONNECT", "START", "STOP", "STATS", "EVACUATE", "DELETE", "RESTART",
    "AssignPublicIP", "ReleasePublicIP", "CONFIGURE", "AttachVolume", "DetachVolume", "Restore",
  ]

  public var description: String { Self.names[Int(rawValue)] }
}

/// Operand of a STATUS: the state of a node.
public enum Status: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  case connected, ready, full, offline, maintenance

  public var description: String { ["CONNECTED", "READY", "FULL", "OFFLINE", "MAINTENANCE"][Int(rawValue)] }
}

/// Operand of an ERROR.
public enum ErrorCode: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  case invalidFrameType, startFailure, stopFailure, connectionFailure, restartFailure
  case deleteFailure, connectionAborted, invalidConfiguration, attachVolumeFailure, detachVolumeFailure

  private static let names = [
    "InvalidFrameType", "StartFailure", "StopFailure", "ConnectionFailure", "RestartFailure",
    "DeleteFailure", "ConnectionAborted", "InvalidConfiguration", "AttachVolumeFailure", "DetachVolumeFailure",
  ]

  public var description: String { Self.names[Int(rawValue)] }
}

/// Operand of an EVENT.
public enum Event: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  case tenantAdded, tenantRemoved, instanceDeleted, concentratorInstanceAdded, publicIPAssigned
  case publicIPUnassigned, traceReport, nodeConnected, nodeDisconnected, instanceStopped

  private static let names = [
    "TenantAdded", "TenantRemoved", "InstanceDeleted", "ConcentratorInstanceAdded", "PublicIPAssigned",
    "PublicIPUnassigned", "TraceReport", "NodeConnected", "NodeDisconnected", "InstanceStopped",
  ]

  public var description: String { Self.names[Int(rawValue)] }
}
