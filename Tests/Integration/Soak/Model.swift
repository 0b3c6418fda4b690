/// What must be the case after commands and faults, without any of launcher's code.
enum Soak {
  /// What an instance can be.
  struct State: Hashable, CustomStringConvertible {
    enum Life: String {
      case absent
      case exited
      /// It is there, and asks for more memory than any machine can have.
      case oversized
      case active
    }

    var life: Life
    /// Those that count as attached.
    var volumes: Set<Volume> = []
    /// Those of them whose disks its machine may have lost, or may lose at any time.
    var loose: Set<Volume> = []

    static let absent = State(life: .absent)
    static let exited = State(life: .exited)
    static let oversized = State(life: .oversized)
    static let active = State(life: .active)

    var exists: Bool { life != .absent }

    var description: String {
      life.rawValue + volumes.sorted().map { " \(loose.contains($0) ? "perhaps " : "")\($0.rawValue)" }.joined()
    }

    /// It lives on like this; a machine has all its volumes at its start.
    func becoming(_ life: Life) -> State { State(life: life, volumes: volumes) }
  }

  /// What is sent, mostly for one instance.
  enum Command: String, Hashable, CaseIterable {
    case start, startOversized, startInVain, startOrRestart, stop, restart, delete, withdraw
    case startWithOwn, startWithShared
    case attachOwn, attachSecond, attachShared, attachMissing, detachOwn, detachSecond, detachShared, detachMissing
    // What names no instance that can be read.
    case badStart, badStop, badRestart, badDelete, emptyStart, emptyStop, emptyRestart, emptyDelete, unknownFrame
    case badAttach, badDetach, emptyAttach, emptyDetach

    /// Those that make nothing of an instance that is not there.
    static let ofStrangers: [Command] = [.startInVain, .stop, .restart, .delete, .withdraw, .attachOwn, .detachOwn]
    /// Those that name no instance.
    static let ofNone: [Command] = [
      .badStart, .badStop, .badRestart, .badDelete, .emptyStart, .emptyStop, .emptyRestart, .emptyDelete, .unknownFrame,
      .badAttach, .badDetach, .emptyAttach, .emptyDetach,
    ]
  }

  /// What the scheduler is told of an instance.
  struct Answer: Hashable, Comparable, CustomStringConvertible {
    let operand: String
    var reason = ""
    /// The volume that it names.
    var volume = ""

    var description: String { (reason.isEmpty ? operand : reason) + (volume.isEmpty ? "" : " \(volume)") }

    static let deleted = Answer(operand: "InstanceDeleted")
    /// To a DELETE that is part of a move to another node.
    static let stopped = Answer(operand: "InstanceStopped")

    static func < (one: Answer, other: Answer) -> Bool {
      (one.operand, one.reason, one.volume) < (other.operand, other.reason, other.volume)
    }
  }

  /// One way in which a command may end.
  struct Outcome: Hashable {
    let state: State
    var answer: Answer?
  }

  /// What may have come over a command on its way.
  struct Circumstances {
    /// launcher-vmm ended before it said that it was done: the next one is told to do it if it is not done.
    var isRepeated = false
    /// There may have been no room for new instances.
    var isDiskFull = false
    var isSimulated = false
    /// Nothing is started.
    var isInMaintenance = false
    /// The guest lets go of a disk when it is asked to, if it has come up in time.
    var letsGo = false
    /// Another instance has the shared volume.
    var isSharedElsewhere: Certainty = .no

    /// Whether a machine can have this volume: nil where nobody knows.
    func canHave(_ volume: Volume) -> Bool? {
      switch volume {
      case .own, .second: true
      case .missing: false
      case .shared: isSharedElsewhere == .perhaps ? nil : isSharedElsewhere == .no
      }
    }
  }

  enum Certainty { case no, perhaps, yes }

  /// How `command` may end on an instance in `state`: this is the table of all commands.
  static func outcomes(of command: Command, in state: State, _ circumstances: Circumstances) -> Set<Outcome> {
    func fails(_ operand: String, _ reason: String) -> Outcome {
      Outcome(state: state, answer: Answer(operand: operand, reason: reason))
    }
    /// It is the case already: a failure, unless the interrupted command itself has brought it about.
    func fails(_ operand: String, _ reason: String, orWas done: Answer?) -> Set<Outcome> {
      circumstances.isRepeated
        ? [fails(operand, reason), Outcome(state: state, answer: done)] : [fails(operand, reason)]
    }
    /// It boots; in a simulation that makes a file.
    func boots(_ operand: String) -> Set<Outcome> {
      let full = Outcome(state: state.becoming(.exited), answer: Answer(operand: operand, reason: "launch_failure"))
      let active = Outcome(state: state.becoming(.active))
      return circumstances.isDiskFull && circumstances.isSimulated ? [active, full] : [active]
    }
    switch (command, state.life) {
    case (.startInVain, .absent):
      let isRefused = circumstances.isSimulated || circumstances.isInMaintenance
      return [fails("StartFailure", isRefused ? "full_cn" : "image_failure")]
    case (.start, .absent), (.startOversized, .absent), (.startOrRestart, .absent), (.startWithOwn, .absent),
      (.startWithShared, .absent):
      return outcomesOfNew(command, circumstances)
    case (.startOrRestart, .exited) where circumstances.isInMaintenance,
      (.startOrRestart, .oversized) where circumstances.isInMaintenance:
      return [fails("StartFailure", "full_cn")]
    case (.restart, .exited) where circumstances.isInMaintenance: return [fails("RestartFailure", "launch_failure")]
    case (.startOrRestart, .exited): return boots("StartFailure")
    case (.startOrRestart, .oversized): return [fails("StartFailure", "launch_failure")]
    case (.startOrRestart, .active): return fails("StartFailure", "already_running", orWas: nil)
    case (.start, .active), (.startOversized, .active), (.startInVain, .active), (.startWithOwn, .active),
      (.startWithShared, .active):
      return [fails("StartFailure", "already_running")]
    case (.start, _), (.startOversized, _), (.startInVain, _), (.startWithOwn, _), (.startWithShared, _):
      return [fails("StartFailure", "instance_exists")]
    case (.stop, .absent): return [fails("StopFailure", "no_instance")]
    case (.stop, .active): return [Outcome(state: state.becoming(.exited))]
    case (.stop, _): return fails("StopFailure", "already_stopped", orWas: nil)
    case (.restart, .absent): return [fails("RestartFailure", "no_instance")]
    case (.restart, .active): return fails("RestartFailure", "already_running", orWas: nil)
    case (.restart, .exited): return boots("RestartFailure")
    case (.restart, .oversized): return [fails("RestartFailure", "launch_failure")]
    case (.delete, .absent): return fails("DeleteFailure", "no_instance", orWas: .deleted)
    case (.delete, _): return [Outcome(state: .absent, answer: .deleted)]
    case (.withdraw, .absent): return fails("DeleteFailure", "no_instance", orWas: .stopped)
    case (.withdraw, _): return [Outcome(state: .absent, answer: .stopped)]
    case (.badStart, _): return [fails("StartFailure", "invalid_payload")]
    case (.badStop, _): return [fails("StopFailure", "invalid_payload")]
    case (.badRestart, _): return [fails("RestartFailure", "invalid_payload")]
    case (.badDelete, _): return [fails("DeleteFailure", "invalid_payload")]
    case (.emptyStart, _): return [fails("StartFailure", "invalid_data")]
    case (.emptyStop, _): return [fails("StopFailure", "invalid_data")]
    case (.emptyRestart, _): return [fails("RestartFailure", "invalid_data")]
    case (.emptyDelete, _): return [fails("DeleteFailure", "invalid_data")]
    case (.badAttach, _): return [fails("AttachVolumeFailure", "invalid_payload")]
    case (.badDetach, _): return [fails("DetachVolumeFailure", "invalid_payload")]
    case (.emptyAttach, _): return [fails("AttachVolumeFailure", "invalid_data")]
    case (.emptyDetach, _): return [fails("DetachVolumeFailure", "invalid_data")]
    case (.unknownFrame, _): return [fails("InvalidFrameType", "")]
    case (.attachOwn, _), (.attachSecond, _), (.attachShared, _), (.attachMissing, _), (.detachOwn, _),
      (.detachSecond, _), (.detachShared, _), (.detachMissing, _):
      return outcomes(of: command.change!, in: state, circumstances)
    }
  }

  /// How a START of an instance that is not there may end.
  private static func outcomesOfNew(_ command: Command, _ circumstances: Circumstances) -> Set<Outcome> {
    func fails(_ reason: String, leaving state: State = .absent) -> Outcome {
      Outcome(state: state, answer: Answer(operand: "StartFailure", reason: reason))
    }
    let isOversized = command == .startOversized && !circumstances.isSimulated
    let made = State(life: isOversized ? .oversized : .exited, volumes: command.storage)
    let cannotBe = fails("launch_failure")
    let canBe: Bool? =
      circumstances.isSimulated ? made.volumes.isEmpty : made.volumes.first.map(circumstances.canHave) ?? true
    if circumstances.isInMaintenance {
      // It had been made when launcher-vmm ended, but not started.
      return circumstances.isRepeated && canBe != false
        ? [fails("full_cn"), fails("launch_failure", leaving: made)] : [fails("full_cn")]
    }
    if canBe == false { return [cannotBe] }
    var all: Set<Outcome> =
      isOversized ? [fails("launch_failure", leaving: made)] : [Outcome(state: made.becoming(.active))]
    if circumstances.isDiskFull {
      all.insert(fails("image_failure"))
      if circumstances.isSimulated { all.insert(fails("launch_failure", leaving: made)) }
    }
    if canBe == nil { all.insert(cannotBe) }
    return all
  }

  /// What is left of `command` when launcher-net and launcher-vmm both end before it is done: nobody knows of it any
  /// more, but an instance is whole or not there.
  static func remains(of command: Command, in state: State, _ circumstances: Circumstances) -> Set<State> {
    if let change = command.change { return remains(of: change, in: state, circumstances) }
    let made = State(life: .exited, volumes: command.storage)
    return switch (command, state.life) {
    case (.start, .absent), (.startOrRestart, .absent), (.startWithOwn, .absent), (.startWithShared, .absent):
      [.absent, made, made.becoming(.active)]
    case (.startOversized, .absent): [.absent, .oversized]
    case (.stop, .active): [state, state.becoming(.exited)]
    case (.restart, .exited), (.startOrRestart, .exited): [state, state.becoming(.active)]
    case (.delete, .active), (.withdraw, .active): [state, state.becoming(.exited), .absent]
    case (.delete, _), (.withdraw, _): [state, .absent]
    default: [state]
    }
  }

  /// How `command` may end when its machine is killed meanwhile.
  static func outcomesWithCrash(of command: Command, in state: State, _ circumstances: Circumstances) -> Set<Outcome> {
    if let change = command.change { return outcomesWithCrash(of: change, in: state, circumstances) }
    let made = State(life: .exited, volumes: command.storage)
    switch (command, state.life) {
    case (.start, .absent), (.startOrRestart, .absent), (.startWithOwn, .absent), (.startWithShared, .absent):
      guard made.volumes.allSatisfy({ circumstances.canHave($0) != false }) else { return [] }
      return [Outcome(state: made, answer: Answer(operand: "StartFailure", reason: "launch_failure"))]
    case (.startOrRestart, .exited):
      return [Outcome(state: state, answer: Answer(operand: "StartFailure", reason: "launch_failure"))]
    case (.restart, .exited):
      return [Outcome(state: state, answer: Answer(operand: "RestartFailure", reason: "launch_failure"))]
    default: return []
    }
  }
}
