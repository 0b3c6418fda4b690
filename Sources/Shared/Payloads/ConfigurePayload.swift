import Instances

/// What a cluster's configuration says of its compute nodes. nil: it does not say.
public struct NodeConfiguration: Equatable, Sendable {
  public var computeNetworks: [IPv4Subnet]?
  public var managementNetworks: [IPv4Subnet]?
  public var limitsMemory: Bool?
  public var limitsDisk: Bool?
  /// The user that instances are to run as.
  public var childUser: String?
  /// The frames that a node sends are to be traced.
  public var tracesFrames: Bool?

  public init() {}

  /// Subnets of one setting: as many as an option takes.
  public static let maximumSubnets = 16
  /// Bytes of a user's name, as useradd(8) takes them.
  public static let maximumUser = 32

  /// The configuration of a whole cluster has some dozens of values.
  public static let limits = {
    var limits = YAMLLimits()
    limits.bytes = 256 << 10
    limits.nodes = 4096
    limits.depth = 16
    return limits
  }()
}

/// Why a configuration is not taken.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}

/// Reads the payload of CONNECTED and CONFIGURE. What it says of others than compute nodes is ignored, and so are unknown
/// keys; one setting that cannot be used makes the whole of it unusable.
public func parseConfiguration(_ bytes: [UInt8]) throws(ConfigurationError) -> NodeConfiguration {
  let root: YAMLNode
  do {
    root = try YAMLNode(parsing: bytes, limits: NodeConfiguration.limits)
  } catch {
    throw ConfigurationError("\(error)")
  }
  guard let configure = root["configure"] else { throw ConfigurationError("it has no key `configure` at its top") }
  let launcher = try ConfigurationSection(configure, "configure").section("launcher")
  var configuration = NodeConfiguration()
  configuration.computeNetworks = try launcher.subnets("compute_net")
  configuration.managementNetworks = try launcher.subnets("mgmt_net")
  configuration.limitsMemory = try launcher.truth("mem_limit")
  configuration.limitsDisk = try launcher.truth("disk_limit")
  configuration.childUser = try launcher.user("child_user")
  configuration.tracesFrames = try launcher.truth("trace")
  return configuration
}

/// A mapping of the configuration; empty where there is none.
private struct ConfigurationSection {
  private let node: YAMLNode
  private let name: String

  init(_ node: YAMLNode, _ name: String) throws(ConfigurationError) {
    if case .mapping = node {} else if !node.isNull { throw ConfigurationError("`\(name)` must be a mapping") }
    self.node = node
    self.name = name
  }

  func section(_ key: String) throws(ConfigurationError) -> ConfigurationSection {
    try ConfigurationSection(node[key] ?? .scalar("", isPlain: true), "\(name).\(key)")
  }

  private func error(_ key: String, _ what: String, _ found: YAMLNode) -> ConfigurationError {
    ConfigurationError("`\(name).\(key)` must be \(what)\(found.text.map { ", not \(excerpt($0))" } ?? "")")
  }

  /// A value that says something: null and the empty text do not.
  private func value(_ key: String) -> YAMLNode? {
    node[key].flatMap { Self.saysNothing($0) ? nil : $0 }
  }

  private static func saysNothing(_ node: YAMLNode) -> Bool { node.isNull || node.text == "" }

  func truth(_ key: String) throws(ConfigurationError) -> Bool? {
    guard let value = value(key) else { return nil }
    switch value {
    case .scalar("true", isPlain: true), .scalar("True", isPlain: true), .scalar("TRUE", isPlain: true): return true
    case .scalar("false", isPlain: true), .scalar("False", isPlain: true), .scalar("FALSE", isPlain: true):
      return false
    default: throw error(key, "true or false", value)
    }
  }

  /// A list of subnets, or one alone, as older schedulers have it. An empty list says nothing.
  func subnets(_ key: String) throws(ConfigurationError) -> [IPv4Subnet]? {
    guard let value = value(key) else { return nil }
    let items: [YAMLNode] = if case .sequence(let items) = value { items } else { [value] }
    guard items.count <= NodeConfiguration.maximumSubnets else {
      throw ConfigurationError("`\(name).\(key)` has more than \(NodeConfiguration.maximumSubnets) subnets")
    }
    var subnets: [IPv4Subnet] = []
    for item in items where !Self.saysNothing(item) {
      guard let subnet = item.text.flatMap({ IPv4Subnet($0) }) else {
        throw error(key, "a list of subnets such as 10.0.0.0/8", item)
      }
      subnets.append(subnet)
    }
    return subnets.isEmpty ? nil : subnets
  }

  func user(_ key: String) throws(ConfigurationError) -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.text, text.utf8.count <= NodeConfiguration.maximumUser,
      let first = text.utf8.first, first == UInt8(ascii: "_") || Self.isLetter(first),
      text.utf8.allSatisfy({ Self.isLetter($0) || (0x30...0x39).contains($0) || "_-.".utf8.contains($0) })
    else { throw error(key, "a user's name", value) }
    return text
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte & 0xdf) }
}
