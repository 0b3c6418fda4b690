import Testing

/// The model allows what may be, and nothing else: else a run would show nothing.
@Suite struct SoakModelTests {
  private func history(_ initial: Soak.State = .absent, _ events: Soak.History.Event...) -> Soak.History {
    var history = Soak.History(initial: [initial])
    for event in events { history.add(event) }
    return history
  }

  /// States in which it may be after it has told `told`.
  private func states(_ history: Soak.History, _ told: Soak.Answer...) -> Set<Soak.State> {
    Set(history.hypotheses().filter { history.matches(told, $0) }.map(\.state))
  }

  private static let alreadyStopped = Soak.Answer(operand: "StopFailure", reason: "already_stopped")
  private static let alreadyRunning = Soak.Answer(operand: "RestartFailure", reason: "already_running")
  private static let launchFailure = Soak.Answer(operand: "StartFailure", reason: "launch_failure")

  @Test func `without faults each command has one outcome and one answer at most`() {
    for command in [Soak.Command.start, .startOversized, .startInVain, .startOrRestart, .stop, .restart, .delete] {
      for state in [Soak.State.absent, .exited, .oversized, .active] {
        #expect(history(state, .command(command)).hypotheses().count == 1, "\(command) of \(state)")
      }
    }
    let life = history(.absent, .command(.start), .command(.stop), .command(.stop), .command(.delete))
    #expect(states(life, Self.alreadyStopped, .deleted) == [.absent])
    #expect(states(life, .deleted, Self.alreadyStopped).isEmpty, "the order is theirs")
    #expect(states(life, Self.alreadyStopped).isEmpty, "an answer is missing")
    #expect(states(life, Self.alreadyStopped, .deleted, .deleted).isEmpty, "one came twice")
  }

  @Test func `a machine that is killed may end before, within or after the commands so far, and not later`() {
    let crashed = history(.active, .command(.stop), .command(.restart), .crash)
    #expect(states(crashed) == [.active, .exited])
    #expect(states(crashed, Self.alreadyStopped) == [.active])
    #expect(states(history(.absent, .command(.start), .crash), Self.launchFailure) == [.exited])
    #expect(states(history(.active, .crash, .command(.restart))) == [.active])
    #expect(states(history(.active, .crash, .command(.restart)), Self.alreadyRunning).isEmpty)
  }

  @Test func `of what was sent last on a connection that ended the last may be lost, and of the answers each`() {
    let lost = history(.active, .command(.stop), .command(.delete), .disconnected, .command(.restart))
    let noInstance = Soak.Answer(operand: "RestartFailure", reason: "no_instance")
    #expect(states(lost, .deleted, noInstance) == [.absent])
    #expect(states(lost, noInstance) == [.absent], "InstanceDeleted was lost")
    #expect(states(lost) == [.active], "DELETE was lost")
    #expect(states(lost, Self.alreadyRunning) == [.active], "STOP was lost as well")
    #expect(states(lost, .deleted).isEmpty, "what was sent on the next connection is answered")
    #expect(states(lost, .deleted, .deleted, noInstance).isEmpty)
    let again = history(.active, .command(.delete), .netEnded)
    #expect(states(again, .deleted, .deleted) == [.absent], "launcher-net had told it, and nobody knew")
  }

  @Test func `what launcher-vmm has in hand is not lost with the connection, nor with itself alone`() {
    #expect(states(history(.active, .command(.stop), .barrier, .netEnded)) == [.exited])
    #expect(states(history(.active, .command(.stop), .vmmEnded)) == [.exited])
    #expect(states(history(.active, .command(.stop), .vmmEnded), Self.alreadyStopped).isEmpty)
    let told = history(.exited, .command(.stop), .vmmEnded)
    #expect(states(told) == [.exited], "a STOP that is repeated has been carried out")
    #expect(states(told, Self.alreadyStopped) == [.exited])
  }

  @Test func `nobody knows what was in hand when both have ended; an instance is whole or not there`() {
    let start = history(.absent, .command(.start), .command(.stop), .barrier, .vmmEnded, .netEnded)
    #expect(states(start) == [.absent, .exited, .active])
    #expect(states(history(.active, .command(.delete), .netEnded, .vmmEnded)) == [.active, .exited, .absent])
    #expect(states(history(.absent, .netEnded, .vmmEnded, .command(.start))) == [.active])
  }

  @Test func `a full disk makes a START fail, and nothing else`() {
    var full = history(.absent, .command(.start))
    full.isDiskFull = true
    #expect(states(full) == [.active])
    #expect(states(full, Soak.Answer(operand: "StartFailure", reason: "image_failure")) == [.absent])
    full = history(.exited, .command(.restart))
    full.isDiskFull = true
    #expect(states(full) == [.active])
  }

  @Test func `what an evacuation finds is stopped, and nothing is started until the node is restored`() {
    let refused = Soak.Answer(operand: "RestartFailure", reason: "launch_failure")
    #expect(states(history(.active, .evacuate)) == [.exited])
    #expect(states(history(.exited, .evacuate, .command(.restart))).isEmpty)
    #expect(states(history(.exited, .evacuate, .command(.restart)), refused) == [.exited])
    #expect(states(history(.exited, .command(.restart), .evacuate)) == [.exited], "it was started and stopped")
    #expect(states(history(.exited, .evacuate, .restore, .command(.restart))) == [.active, .exited])
    #expect(history(.exited, .evacuate, .restore).maintenance() == [false])
    #expect(history(.exited, .evacuate, .disconnected).maintenance() == [true, false])
  }

  @Test func `a seed decides all steps`() {
    func steps(_ count: Int, _ seed: UInt64) -> [String] {
      var schedule = Soak.Schedule(seed: seed)
      return (0..<count).map { _ in schedule.next().description }
    }
    #expect(steps(100, 7) == steps(100, 7))
    #expect(steps(100, 7) != steps(100, 8))
    let kinds = Set(steps(20_000, 7))
    let others = [
      "replace the server", "fill the disk", "evacuate the node", "restore the node", "clear", "rest",
      "kill launcher and start it", "barrier",
    ]
    for kind in Soak.Victim.allCases.map({ "kill \($0.rawValue)" }) + others {
      let comes = kinds.contains(kind)
      #expect(comes, "\(kind)")
    }
  }
}
