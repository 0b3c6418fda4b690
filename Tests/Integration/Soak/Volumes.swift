extension Soak {
  /// A volume, as one instance sees it.
  enum Volume: String, Comparable, CaseIterable {
    /// Two of its own: a raw one and one of qcow2.
    case own, second
    /// One for all instances, of which one has it at a time.
    case shared
    /// There is none.
    case missing

    static func < (one: Volume, other: Volume) -> Bool { one.rawValue < other.rawValue }
  }

  /// What is asked for of a volume.
  enum VolumeChange: Hashable {
    case attach(Volume)
    case detach(Volume)
  }

  /// How AttachVolume and DetachVolume may end: the table of both.
  static func outcomes(of change: VolumeChange, in state: State, _ circumstances: Circumstances) -> Set<Outcome> {
    func fails(_ reason: String, leaving left: State) -> Outcome {
      Outcome(state: left, answer: change.failure(reason))
    }
    /// It is the case already: a failure, unless the interrupted command itself has brought it about.
    func fails(_ reason: String) -> Set<Outcome> {
      circumstances.isRepeated
        ? [fails(reason, leaving: state), Outcome(state: state)] : [fails(reason, leaving: state)]
    }
    guard state.exists else { return [fails("no_instance", leaving: state)] }
    if circumstances.isSimulated { return [fails("not_supported", leaving: state)] }
    let unwritten: Set<Outcome> = circumstances.isDiskFull ? [fails("state_failure", leaving: state)] : []
    switch change {
    case .attach(let volume):
      if state.volumes.contains(volume) { return fails("already_attached") }
      let refused = fails("attach_failure", leaving: state)
      return switch circumstances.canHave(volume) {
      case true: unwritten.union([Outcome(state: state.with(volume))])
      case false: [refused]
      case nil: unwritten.union([Outcome(state: state.with(volume)), refused])
      }
    case .detach(let volume):
      guard state.volumes.contains(volume) else { return fails("not_attached") }
      let done = Outcome(state: state.without(volume))
      guard state.life == .active else { return unwritten.union([done]) }
      guard circumstances.letsGo || state.loose.contains(volume) else {
        return [fails("detach_failure", leaving: state)]
      }
      // It may do so later. And of what is gone it may not have been possible to write that it is.
      let late = fails("detach_failure", leaving: state.loosening(volume))
      let gone = fails("state_failure", leaving: state.loosening(volume))
      return circumstances.isDiskFull ? [done, late, gone] : [done, late]
    }
  }

  /// What is left of it when launcher-net and launcher-vmm both end before it is done.
  static func remains(of change: VolumeChange, in state: State, _ circumstances: Circumstances) -> Set<State> {
    guard state.exists, !circumstances.isSimulated else { return [state] }
    switch change {
    case .attach(let volume):
      guard !state.volumes.contains(volume), circumstances.canHave(volume) != false else { return [state] }
      // That the machine has none of it could not be written.
      let unwritten: Set<State> =
        circumstances.isDiskFull && state.life == .active ? [state.with(volume).loosening(volume)] : []
      return unwritten.union([state, state.with(volume)])
    case .detach(let volume):
      guard state.volumes.contains(volume) else { return [state] }
      guard state.life == .active else { return [state, state.without(volume)] }
      // The guest has been asked, and nobody waits for it.
      return circumstances.letsGo || state.loose.contains(volume)
        ? [state, state.without(volume), state.loosening(volume)] : [state]
    }
  }

  /// How it may end when the machine is killed meanwhile.
  static func outcomesWithCrash(of change: VolumeChange, in state: State, _ circumstances: Circumstances)
    -> Set<Outcome>
  {
    guard state.life == .active else { return [] }
    let ended = state.becoming(.exited)
    switch change {
    case .attach(let volume):
      let failure = change.failure("attach_failure")
      // The machine, which is asked for it, has not said so.
      if state.volumes.contains(volume) { return [Outcome(state: ended, answer: failure)] }
      guard circumstances.canHave(volume) != false else { return [] }
      let forgotten = Outcome(state: ended, answer: failure)
      return circumstances.isDiskFull ? [forgotten, Outcome(state: ended.with(volume), answer: failure)] : [forgotten]
    case .detach(let volume):
      guard state.volumes.contains(volume) else { return [] }
      let unanswered = Outcome(state: ended, answer: change.failure("detach_failure"))
      let done = Outcome(state: ended.without(volume))
      let unwritten = Outcome(state: ended, answer: change.failure("state_failure"))
      return circumstances.isDiskFull ? [unanswered, done, unwritten] : [unanswered, done]
    }
  }
}

extension Soak.VolumeChange {
  var volume: Soak.Volume {
    switch self {
    case .attach(let volume), .detach(let volume): volume
    }
  }

  var operand: String {
    switch self {
    case .attach: "AttachVolume"
    case .detach: "DetachVolume"
    }
  }

  func failure(_ reason: String) -> Soak.Answer {
    Soak.Answer(operand: "\(operand)Failure", reason: reason, volume: volume.rawValue)
  }
}

extension Soak.Command {
  var change: Soak.VolumeChange? {
    switch self {
    case .attachOwn: .attach(.own)
    case .attachSecond: .attach(.second)
    case .attachShared: .attach(.shared)
    case .attachMissing: .attach(.missing)
    case .detachOwn: .detach(.own)
    case .detachSecond: .detach(.second)
    case .detachShared: .detach(.shared)
    case .detachMissing: .detach(.missing)
    default: nil
    }
  }

  /// What a START brings.
  var storage: Set<Soak.Volume> {
    switch self {
    case .startWithOwn: [.own]
    case .startWithShared: [.shared]
    default: []
    }
  }
}

extension Soak.State {
  func with(_ volume: Soak.Volume) -> Self {
    var state = self
    state.volumes.insert(volume)
    return state
  }

  func without(_ volume: Soak.Volume) -> Self {
    var state = self
    state.volumes.remove(volume)
    state.loose.remove(volume)
    return state
  }

  func loosening(_ volume: Soak.Volume) -> Self {
    var state = self
    state.loose.insert(volume)
    return state
  }
}

extension Soak.History {
  /// Whether another instance has the shared volume all the time, or may have had it at some time.
  func hasShared() -> Soak.Certainty {
    let commands = events.compactMap { if case .command(let command) = $0 { command } else { nil } }
    let has = initial.map { $0.volumes.contains(.shared) }
    let mayLose =
      initial.contains { $0.loose.contains(.shared) }
      || commands.contains { [.detachShared, .delete, .withdraw].contains($0) }
    if has.allSatisfy({ $0 }), !mayLose { return .yes }
    return has.contains(true) || commands.contains { [.attachShared, .startWithShared].contains($0) } ? .perhaps : .no
  }
}
