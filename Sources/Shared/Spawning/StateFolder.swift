import Instances

/// Where instances and images are, below the folder that `-state-dir` names.
public struct StateFolder: Sendable {
  /// What an instance's folder is called while it is being made.
  public static let stagingPrefix = ".staging-"

  public let path: String

  public init(_ path: String) { self.path = path }

  public var images: String { "\(path)/images" }
  public var instances: String { "\(path)/instances" }
}
