/// What must be the case after commands and faults, without any of launcher's code.
enum Soak {
  /// What an instance can be.
  enum State: String, Hashable, CaseIterable {
    case absent
    case exited
    /// It is there, and asks for more memory than any machine can have.
    case oversized
    case active

    var exists: Bool { self != .absent }
  }

  /// What is sent, mostly for one instance.
  enum Command: String, Hashable, CaseIterable {
    case start, startOversized, startInVain, startOrRestart, stop, restart, delete, withdraw
    // What names no instance that can be read.
    case badStart, badStop, badRestart, badDelete, emptyStart, emptyStop, emptyRestart, emptyDelete, unknownFrame

    /// Those that make nothing of an instance that is not there.
    static let ofStrangers: [Command] = [.startInVain, .stop, .restart, .delete, .withdraw]
    /// Those that name no instance.
    static let ofNone: [Command] = [
      .badStart, .badStop, .badRestart, .badDelete, .emptyStart, .emptyStop, .emptyRestart, .emptyDelete, .unknownFrame,
    ]
  }

  /// What the scheduler is told of an instance.
  struct Answer: Hashable, Comparable, CustomStringConvertible {
    let operand: String
    var reason = ""

    var description: String { reason.isEmpty ? operand : reason }

    static let deleted = Answer(operand: "InstanceDeleted")
    /// To a DELETE that is part of a move to another node.
    static let stopped = Answer(operand: "InstanceStopped")

    static func < (one: Answer, other: Answer) -> Bool { (one.operand, one.reason) < (other.operand, other.reason) }
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
  }

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
      let full = Outcome(state: .exited, answer: Answer(operand: operand, reason: "launch_failure"))
      return circumstances.isDiskFull && circumstances.isSimulated
        ? [Outcome(state: .active), full] : [Outcome(state: .active)]
    }
    switch (command, state) {
    case (.startInVain, .absent):
      let isRefused = circumstances.isSimulated || circumstances.isInMaintenance
      return [fails("StartFailure", isRefused ? "full_cn" : "image_failure")]
    case (.start, .absent) where circumstances.isInMaintenance,
      (.startOversized, .absent) where circumstances.isInMaintenance,
      (.startOrRestart, .absent) where circumstances.isInMaintenance:
      // It had been made when launcher-vmm ended, but not started.
      let made = Outcome(
        state: command == .startOversized && !circumstances.isSimulated ? .oversized : .exited,
        answer: Answer(operand: "StartFailure", reason: "launch_failure"))
      return circumstances.isRepeated ? [fails("StartFailure", "full_cn"), made] : [fails("StartFailure", "full_cn")]
    case (.startOrRestart, .exited) where circumstances.isInMaintenance,
      (.startOrRestart, .oversized) where circumstances.isInMaintenance:
      return [fails("StartFailure", "full_cn")]
    case (.restart, .exited) where circumstances.isInMaintenance: return [fails("RestartFailure", "launch_failure")]
    case (.start, .absent), (.startOversized, .absent), (.startOrRestart, .absent):
      let made =
        command == .startOversized
        ? [Outcome(state: .oversized, answer: Answer(operand: "StartFailure", reason: "launch_failure"))]
        : boots("StartFailure")
      return circumstances.isDiskFull ? made.union([fails("StartFailure", "image_failure")]) : made
    case (.startOrRestart, .exited): return boots("StartFailure")
    case (.startOrRestart, .oversized): return [fails("StartFailure", "launch_failure")]
    case (.startOrRestart, .active): return fails("StartFailure", "already_running", orWas: nil)
    case (.start, .active), (.startOversized, .active), (.startInVain, .active):
      return [fails("StartFailure", "already_running")]
    case (.start, _), (.startOversized, _), (.startInVain, _): return [fails("StartFailure", "instance_exists")]
    case (.stop, .absent): return [fails("StopFailure", "no_instance")]
    case (.stop, .active): return [Outcome(state: .exited)]
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
    case (.unknownFrame, _): return [fails("InvalidFrameType", "")]
    }
  }

  /// What is left of `command` when launcher-net and launcher-vmm both end before it is done: nobody knows of it any
  /// more, but an instance is whole or not there.
  static func remains(of command: Command, in state: State) -> Set<State> {
    switch (command, state) {
    case (.start, .absent), (.startOrRestart, .absent): [.absent, .exited, .active]
    case (.startOversized, .absent): [.absent, .oversized]
    case (.stop, .active): [.active, .exited]
    case (.restart, .exited), (.startOrRestart, .exited): [.exited, .active]
    case (.delete, .active), (.withdraw, .active): [.active, .exited, .absent]
    case (.delete, _), (.withdraw, _): [state, .absent]
    default: [state]
    }
  }

  /// How `command` may end when its machine is killed meanwhile.
  static func outcomesWithCrash(of command: Command, in state: State) -> Set<Outcome> {
    switch (command, state) {
    case (.start, .absent), (.startOrRestart, .absent), (.startOrRestart, .exited):
      [Outcome(state: .exited, answer: Answer(operand: "StartFailure", reason: "launch_failure"))]
    case (.restart, .exited):
      [Outcome(state: .exited, answer: Answer(operand: "RestartFailure", reason: "launch_failure"))]
    default: []
    }
  }
}
