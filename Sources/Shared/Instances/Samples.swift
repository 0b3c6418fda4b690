/// What an instance is doing, as STATS names it.
public enum InstanceState: UInt8, Sendable, CaseIterable {
  /// Being created or started.
  case pending = 0
  /// Its machine or container runs.
  case active = 1
  /// It does not run; RESTART can boot it.
  case exited = 2

  public var name: String {
    switch self {
    case .pending: "pending"
    case .active: "active"
    case .exited: "exited"
    }
  }
}

/// The node's figures at one moment; -1 stands for a value that could not be read.
public struct NodeSample: Equatable, Sendable {
  public struct Network: Equatable, Sendable {
    public var ip: String
    public var mac: String

    public init(ip: String, mac: String) {
      self.ip = ip
      self.mac = mac
    }
  }

  /// MiB.
  public var memoryTotalMB = -1
  /// MiB.
  public var memoryAvailableMB = -1
  /// 10^6 bytes.
  public var diskTotalMB = -1
  /// 10^6 bytes.
  public var diskAvailableMB = -1
  /// Run queue length averaged over the last minute, integer part.
  public var load = -1
  public var cpusOnline = -1
  public var hostName = ""
  public var networks: [Network] = []

  public init() {}
}

/// One instance's figures at one moment; -1 stands for a value that is not known.
public struct InstanceSample: Equatable, Sendable {
  public var instance: Identifier
  public var state: InstanceState
  /// Where the guest's ssh is reached; "" and 0 where there is no such way.
  public var sshIP = ""
  public var sshPort = 0
  /// MiB, proportional.
  public var memoryUsageMB = -1
  /// 10^6 bytes allocated.
  public var diskUsageMB = -1
  /// Share of the CPU time that its vcpus could have had, 0 to 100.
  public var cpuUsage = -1
  /// Attached to it.
  public var volumes: [Identifier] = []

  public init(instance: Identifier, state: InstanceState) {
    self.instance = instance
    self.state = state
  }
}
