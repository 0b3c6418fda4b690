// The operands of SSNTP and their names in SSNTP's documentation; OperandNumbers.swift has their numbers. A peer may send
// numbers that are not here: a Frame keeps the raw bytes.

/// What a frame is about; the operand says more.
public enum FrameType: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  case command, status, error, event

  public var description: String { ["COMMAND", "STATUS", "ERROR", "EVENT"][Int(rawValue)] }
}

/// Operand of a COMMAND.
public enum Command: String, Operand {
  case connect = "CONNECT"
  case start = "START"
  case stop = "STOP"
  case stats = "STATS"
  case evacuate = "EVACUATE"
  case delete = "DELETE"
  case restart = "RESTART"
  case assignPublicIP = "AssignPublicIP"
  case releasePublicIP = "ReleasePublicIP"
  case configure = "CONFIGURE"
  case attachVolume = "AttachVolume"
  case detachVolume = "DetachVolume"
  case restore = "Restore"
  case refreshConcentrator = "RefreshCNCI"
}

/// Operand of a STATUS: the state of a node.
public enum Status: String, Operand {
  case connected = "CONNECTED"
  case ready = "READY"
  case full = "FULL"
  case offline = "OFFLINE"
  case maintenance = "MAINTENANCE"
}

/// Operand of an ERROR.
public enum ErrorCode: String, Operand {
  case invalidFrameType = "InvalidFrameType"
  case startFailure = "StartFailure"
  case stopFailure = "StopFailure"
  case connectionFailure = "ConnectionFailure"
  case restartFailure = "RestartFailure"
  case deleteFailure = "DeleteFailure"
  case connectionAborted = "ConnectionAborted"
  case invalidConfiguration = "InvalidConfiguration"
  case attachVolumeFailure = "AttachVolumeFailure"
  case detachVolumeFailure = "DetachVolumeFailure"
}

/// Operand of an EVENT.
public enum Event: String, Operand {
  case tenantAdded = "TenantAdded"
  case tenantRemoved = "TenantRemoved"
  case instanceDeleted = "InstanceDeleted"
  case concentratorInstanceAdded = "ConcentratorInstanceAdded"
  case publicIPAssigned = "PublicIPAssigned"
  case publicIPUnassigned = "PublicIPUnassigned"
  case traceReport = "TraceReport"
  case nodeConnected = "NodeConnected"
  case nodeDisconnected = "NodeDisconnected"
  case instanceStopped = "InstanceStopped"
}
