extension Soak.History {
  /// What happens to an instance or to its node.
  enum Event: Hashable, CustomStringConvertible {
    case command(Soak.Command)
    /// The node is to stop what runs and to start nothing, until `restore`.
    case evacuate
    case restore
    /// Its machine was killed: before, between or after any of the commands so far.
    case crash
    /// Everything sent before was in launcher-vmm's hands.
    case barrier
    /// The connection to the scheduler ended: of what was sent last, and of the answers, some may be lost.
    case disconnected
    /// launcher-net ended: the same, and what had been told may be told again.
    case netEnded
    /// launcher-vmm ended: what it had in hand is given to the next one, if launcher-net still knows of it.
    case vmmEnded

    var endsConnection: Bool { self == .disconnected || self == .netEnded }

    /// What is the case from then on, if it is about maintenance.
    var maintenance: Bool? { self == .evacuate ? true : self == .restore ? false : nil }

    var isSent: Bool { if case .command = self { true } else { maintenance != nil } }

    var concernsNode: Bool { if case .command = self { false } else { self != .crash } }

    var description: String {
      switch self {
      case .command(let command): command.rawValue
      case .evacuate: "EVACUATE"
      case .restore: "RESTORE"
      case .crash: "CRASH"
      case .barrier: "BARRIER"
      case .disconnected: "DISCONNECTED"
      case .netEnded: "NET ENDED"
      case .vmmEnded: "VMM ENDED"
      }
    }
  }
}

/// What was seen against what may have been.
extension Soak.History {
  /// Whether `seen` is all that `hypothesis` tells.
  func matches(_ seen: [Soak.Answer], _ hypothesis: Hypothesis) -> Bool {
    guard isLossy else { return seen == hypothesis.told }
    let certain = hypothesis.told[hypothesis.losable...]
    return mayPrecede(seen, hypothesis)
      && Self.counts(certain).allSatisfy { Self.counts(seen[...])[$0, default: 0] >= $1 }
  }

  /// Whether `hypothesis`, which may go on, does not contradict what was `seen`, which may go on as well.
  func agrees(_ seen: [Soak.Answer], _ hypothesis: Hypothesis) -> Bool {
    isLossy || zip(seen, hypothesis.told).allSatisfy(==)
  }

  /// Whether `hypothesis` tells what was `seen`, and perhaps more.
  func mayPrecede(_ seen: [Soak.Answer], _ hypothesis: Hypothesis) -> Bool {
    guard isLossy else { return hypothesis.told.starts(with: seen) }
    let times = 1 + events.count { $0 == .netEnded }
    let told = Self.counts(hypothesis.told[...])
    return Self.counts(seen[...]).allSatisfy { $1 <= times * told[$0, default: 0] }
  }

  private static func counts(_ answers: ArraySlice<Soak.Answer>) -> [Soak.Answer: Int] {
    answers.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }
}
