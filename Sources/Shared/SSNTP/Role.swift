/// What a peer is. One peer may have several roles.
public struct Role: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  public static let server = Role(rawValue: 0x1)
  public static let controller = Role(rawValue: 0x2)
  public static let agent = Role(rawValue: 0x4)
  public static let scheduler = Role(rawValue: 0x8)
  public static let networkAgent = Role(rawValue: 0x10)
  public static let concentratorAgent = Role(rawValue: 0x20)
}

extension Role: CustomStringConvertible {
  private static let names: [(role: Role, name: String)] = [
    (.server, "Server"), (.controller, "Controller"), (.agent, "CNAgent"), (.scheduler, "Scheduler"),
    (.networkAgent, "NetworkingAgent"), (.concentratorAgent, "CNCIAgent"),
  ]

  /// As SSNTP's trace reports have it: `Scheduler`, or several with a dash between them; empty without any.
  public var description: String {
    Self.names.filter { contains($0.role) }.map(\.name).joined(separator: "-")
  }
}
