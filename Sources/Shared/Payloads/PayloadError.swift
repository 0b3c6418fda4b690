import Instances

/// Why a command's payload is not carried out.
public struct PayloadError: Error, Equatable, Sendable, CustomStringConvertible {
  /// `invalidPayload` for text that is no YAML, `invalidData` for anything else.
  public var reason: FailureReason
  /// The instance that the payload names, where it is YAML and names one, whatever else is wrong with it.
  public var instance: Identifier?
  /// The same for the volume that it is about.
  public var volume: Identifier?
  /// It is a START that says `restart: true`.
  public var isRestart: Bool
  /// What is wrong, for the log.
  public var message: String

  public init(
    reason: FailureReason, instance: Identifier?, volume: Identifier? = nil, isRestart: Bool = false, message: String
  ) {
    self.reason = reason
    self.instance = instance
    self.volume = volume
    self.isRestart = isRestart
    self.message = message
  }

  init(_ error: YAMLError, instance: Identifier?, isRestart: Bool) {
    switch error {
    case .malformed: self.init(reason: .invalidPayload, instance: nil, message: error.description)
    case .refused: self.init(reason: .invalidData, instance: instance, isRestart: isRestart, message: error.description)
    }
  }

  public var description: String {
    "cannot use the payload (\(reason.name)\(instance.map { ", instance \($0)" } ?? "")): \(message)"
  }
}
