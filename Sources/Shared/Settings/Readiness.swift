import Glog

/// One thing that `-check-config` looked at.
public struct Finding: Equatable, Sendable {
  public enum State: String, Sendable {
    case ready
    /// It works, but not as well as it could.
    case limited
    /// The node cannot do its work.
    case missing
  }

  public var state: State
  public var subject: String
  /// What was found.
  public var text: String
  /// What to do; empty where there is nothing to do.
  public var remedy: String

  public init(_ state: State, _ subject: String, _ text: String, remedy: String = "") {
    self.state = state
    self.subject = subject
    self.text = text
    self.remedy = remedy
  }

  /// A finding as one line, in which a process hands it to launcher.
  public var line: String {
    [state.rawValue, subject, text, remedy].map { VisibleText.decoding(Array($0.utf8)) }.joined(separator: "\t")
  }

  public init?(line: some StringProtocol) {
    let fields = line.split(separator: "\t" as Character, omittingEmptySubsequences: false).map { String($0) }
    guard fields.count == 4, let state = State(rawValue: fields[0]) else { return nil }
    self.init(state, fields[1], fields[2], remedy: fields[3])
  }
}

/// What `-check-config` says as a whole.
public enum Readiness {
  /// A table for people: what is not ready has its remedy below it.
  public static func table(_ findings: [Finding]) -> String {
    let width = findings.map(\.subject.count).max() ?? 0
    var lines: [String] = []
    for finding in findings {
      let state = finding.state.rawValue
      let padding = String(repeating: " ", count: Finding.State.limited.rawValue.count - state.count)
      let gap = String(repeating: " ", count: width - finding.subject.count)
      lines.append("\(state)\(padding)  \(finding.subject)\(gap)  \(finding.text)")
      if !finding.remedy.isEmpty {
        lines.append(String(repeating: " ", count: padding.count + state.count + width + 4) + "-> " + finding.remedy)
      }
    }
    let missing = findings.count { $0.state == .missing }
    lines.append("")
    lines.append(
      missing == 0 ? "The node is ready." : "The node is not ready: \(missing) of \(findings.count) are missing.")
    return lines.joined(separator: "\n") + "\n"
  }

  public static func status(_ findings: [Finding]) -> Int32 {
    findings.contains { $0.state == .missing } ? 1 : 0
  }

  /// Hands this process's findings to launcher, and ends.
  public static func report(_ findings: [Finding]) -> Never {
    Settings.finish(findings.map(\.line).joined(separator: "\n"), status: status(findings))
  }
}
