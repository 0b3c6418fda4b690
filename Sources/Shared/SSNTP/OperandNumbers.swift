import Instances

/// An operand of one type of frame. Which number it has on the wire, if any, depends on the dialect.
public protocol Operand: CaseIterable, Equatable, Sendable, CustomStringConvertible, RawRepresentable<String> {
  static var frameType: FrameType { get }

  /// All that a dialect has, in the order of their numbers, which begin at 0.
  static func inOrder(of dialect: SSNTPDialect) -> [Self]
}

extension Operand {
  public var description: String { rawValue }

  /// nil for a number that the dialect does not have.
  public init?(_ number: UInt8, in dialect: SSNTPDialect) {
    let all = Self.inOrder(of: dialect)
    guard Int(number) < all.count else { return nil }
    self = all[Int(number)]
  }

  /// nil where the dialect lacks it.
  public func number(in dialect: SSNTPDialect) -> UInt8? {
    Self.inOrder(of: dialect).firstIndex(of: self).map { UInt8($0) }
  }

  /// The first dialect that has it, and its number there.
  var home: (dialect: SSNTPDialect, number: UInt8) {
    for dialect in SSNTPDialect.allCases {
      if let number = number(in: dialect) { return (dialect, number) }
    }
    preconditionFailure("no dialect has \(self)")
  }
}

// MARK: The numbers

extension Command {
  public static let frameType = FrameType.command

  private static let in2016: [Command] = [
    .connect, .start, .stop, .stats, .evacuate, .delete, .restart, .assignPublicIP, .releasePublicIP, .configure,
    .attachVolume, .detachVolume, .restore,
  ]
  private static let in2018: [Command] = [
    .connect, .start, .stats, .evacuate, .delete, .assignPublicIP, .releasePublicIP, .configure, .attachVolume,
    .restore, .refreshConcentrator,
  ]

  public static func inOrder(of dialect: SSNTPDialect) -> [Command] { dialect == .v2016 ? in2016 : in2018 }
}

extension ErrorCode {
  public static let frameType = FrameType.error

  private static let in2016: [ErrorCode] = [
    .invalidFrameType, .startFailure, .stopFailure, .connectionFailure, .restartFailure, .deleteFailure,
    .connectionAborted, .invalidConfiguration, .attachVolumeFailure, .detachVolumeFailure,
  ]
  private static let in2018: [ErrorCode] = [
    .invalidFrameType, .startFailure, .connectionFailure, .deleteFailure, .connectionAborted, .invalidConfiguration,
    .attachVolumeFailure,
  ]

  public static func inOrder(of dialect: SSNTPDialect) -> [ErrorCode] { dialect == .v2016 ? in2016 : in2018 }
}

extension Status {
  public static let frameType = FrameType.status

  public static func inOrder(of dialect: SSNTPDialect) -> [Status] { allCases }
}

extension Event {
  public static let frameType = FrameType.event

  public static func inOrder(of dialect: SSNTPDialect) -> [Event] { allCases }
}
