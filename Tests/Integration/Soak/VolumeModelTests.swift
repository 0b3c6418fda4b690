import Testing

/// The model of volumes and of tenants' events allows what may be, and nothing else.
@Suite struct SoakVolumeModelTests {
  private typealias State = Soak.State

  private func history(
    _ initial: State, _ events: Soak.History.Event..., prepare: (inout Soak.History) -> Void = { _ in }
  )
    -> Soak.History
  {
    var history = Soak.History(initial: [initial])
    history.letsGo = true
    for event in events { history.add(event) }
    prepare(&history)
    return history
  }

  /// States in which it may be after it has told `told`.
  private func states(_ history: Soak.History, _ told: Soak.Answer...) -> Set<State> {
    Set(history.hypotheses().filter { history.matches(told, $0) }.map(\.state))
  }

  private func attachFailure(_ reason: String, _ volume: Soak.Volume = .own) -> Soak.Answer {
    Soak.VolumeChange.attach(volume).failure(reason)
  }

  private func detachFailure(_ reason: String, _ volume: Soak.Volume = .own) -> Soak.Answer {
    Soak.VolumeChange.detach(volume).failure(reason)
  }

  private static let (active, exited) = (State.active.with(.own), State.exited.with(.own))

  @Test func `without faults a volume comes and goes as it is asked for, or one failure says why not`() {
    #expect(states(history(.active, .command(.attachOwn))) == [Self.active])
    #expect(states(history(.active, .command(.attachOwn)), attachFailure("attach_failure")).isEmpty)
    #expect(states(history(.exited, .command(.attachOwn), .command(.restart))) == [Self.active])
    #expect(states(history(Self.active, .command(.attachOwn)), attachFailure("already_attached")) == [Self.active])
    #expect(states(history(Self.active, .command(.attachOwn))).isEmpty)
    #expect(states(history(Self.exited, .command(.detachOwn))) == [.exited])
    #expect(states(history(.exited, .command(.detachOwn)), detachFailure("not_attached")) == [.exited])
    #expect(states(history(.exited, .command(.detachOwn)), detachFailure("not_attached", .second)).isEmpty)
    #expect(states(history(.absent, .command(.attachOwn)), attachFailure("no_instance")) == [.absent])
    let missing = history(.active, .command(.attachMissing))
    #expect(states(missing, attachFailure("attach_failure", .missing)) == [.active])
    #expect(states(missing).isEmpty, "there is none")
  }

  @Test func `START brings its volumes, they stay through STOP and RESTART and go with DELETE`() {
    #expect(states(history(.absent, .command(.startWithOwn))) == [Self.active])
    #expect(states(history(.absent, .command(.startWithOwn), .command(.stop))) == [Self.exited])
    #expect(states(history(Self.exited, .command(.restart), .crash)) == [Self.active, Self.exited])
    #expect(states(history(Self.active, .command(.delete), .command(.start)), .deleted) == [.active])
    let exists = Soak.Answer(operand: "StartFailure", reason: "instance_exists")
    #expect(states(history(.exited, .command(.startWithOwn)), exists) == [.exited])
  }

  @Test func `one instance has a volume at a time`() {
    func attach(_ elsewhere: Soak.Certainty) -> Soak.History {
      history(.active, .command(.attachShared)) { $0.isSharedElsewhere = elsewhere }
    }
    let failure = attachFailure("attach_failure", .shared)
    #expect(states(attach(.no), failure).isEmpty)
    #expect(states(attach(.yes)).isEmpty)
    #expect(states(attach(.yes), failure) == [.active])
    #expect(states(attach(.perhaps)) == [.active.with(.shared)])
    #expect(states(attach(.perhaps), failure) == [.active])
    let start = history(.absent, .command(.startWithShared)) { $0.isSharedElsewhere = .yes }
    #expect(states(start, Soak.Answer(operand: "StartFailure", reason: "launch_failure")) == [.absent])
    #expect(states(start).isEmpty)

    #expect(history(.exited, .command(.stop)).hasShared() == .no)
    #expect(history(.absent, .command(.startWithShared)).hasShared() == .perhaps)
    #expect(history(.exited.with(.shared), .command(.restart)).hasShared() == .yes)
    #expect(history(.exited.with(.shared), .command(.detachShared)).hasShared() == .perhaps)
    #expect(history(.exited.with(.shared), .command(.delete)).hasShared() == .perhaps)
  }

  @Test func `a guest that never lets go keeps its disk until it ends, and one that does may be late`() {
    let failure = detachFailure("detach_failure")
    let never = history(Self.active, .command(.detachOwn)) { $0.letsGo = false }
    #expect(states(never).isEmpty)
    #expect(states(never, failure) == [Self.active])
    let stopped = history(Self.active, .command(.stop), .command(.detachOwn)) { $0.letsGo = false }
    #expect(states(stopped) == [.exited])
    let mostly = history(Self.active, .command(.detachOwn))
    #expect(states(mostly) == [.active])
    let late = Self.active.loosening(.own)
    #expect(states(mostly, failure) == [late])
    #expect(states(history(late, .command(.attachOwn)), attachFailure("already_attached")) == [late])
    #expect(states(history(late, .vmmEnded)) == [late, .active], "the next launcher-vmm finds that it is gone")
    #expect(states(history(late, .command(.stop))) == [Self.exited], "its next machine has it")
    #expect(states(history(Self.active, .vmmEnded)) == [Self.active])
  }

  @Test func `a machine that is killed has no more of a volume than is written`() {
    let attach = history(.active, .command(.attachOwn), .crash)
    #expect(states(attach) == [Self.exited])
    #expect(states(attach, attachFailure("attach_failure")) == [.exited])
    let again = history(Self.active, .command(.attachOwn), .command(.start), .crash)
    for reason in ["already_running", "instance_exists"] {
      let start = Soak.Answer(operand: "StartFailure", reason: reason)
      #expect(states(again, attachFailure("attach_failure"), start) == [Self.exited])
    }
    let detach = history(Self.active, .command(.detachOwn), .crash)
    #expect(states(detach) == [.exited])
    #expect(states(detach, detachFailure("detach_failure")).contains(Self.exited))
  }

  @Test func `an interrupted command about a volume is carried out once, or at all or not if nobody knows of it`() {
    let attach = history(.active, .command(.attachOwn), .vmmEnded)
    #expect(states(attach) == [Self.active])
    #expect(states(attach, attachFailure("already_attached")).isEmpty)
    #expect(states(history(Self.exited, .command(.detachOwn), .vmmEnded)) == [.exited])
    let forgotten = history(.exited, .command(.attachOwn), .barrier, .vmmEnded, .netEnded)
    #expect(states(forgotten) == [.exited, Self.exited])
    let kept = history(Self.active, .command(.detachOwn), .barrier, .vmmEnded, .netEnded) { $0.letsGo = false }
    #expect(states(kept) == [Self.active])
  }

  @Test func `what cannot be written of volumes is not done`() {
    let attach = history(.active, .command(.attachOwn)) { $0.isDiskFull = true }
    #expect(states(attach) == [Self.active])
    #expect(states(attach, attachFailure("state_failure")) == [.active])
    let detach = history(Self.exited, .command(.detachOwn)) { $0.isDiskFull = true }
    #expect(states(detach, detachFailure("state_failure")) == [Self.exited])
    let gone = history(Self.active, .command(.detachOwn)) { $0.isDiskFull = true }
    #expect(states(gone, detachFailure("state_failure")) == [Self.active.loosening(.own)])
  }

  @Test func `simulated instances have no volumes`() {
    let attach = history(.active, .command(.attachOwn)) { $0.isSimulated = true }
    #expect(states(attach).isEmpty)
    #expect(states(attach, attachFailure("not_supported")) == [.active])
    let start = history(.absent, .command(.startWithOwn)) { $0.isSimulated = true }
    #expect(states(start, Soak.Answer(operand: "StartFailure", reason: "launch_failure")) == [.absent])
    #expect(states(start).isEmpty)
  }

  @Test
  func `a subnet is told of when its first instance comes and its last one goes, again only by the next launcher-vmm`()
  {
    func may(_ events: [String], _ wasThere: Bool, _ isThere: Bool, mayRepeat: Bool = false) -> Bool {
      Soak.mayTell(events, wasThere, isThere, mayRepeat: mayRepeat)
    }
    let (added, removed) = ("TenantAdded", "TenantRemoved")
    #expect(may([], false, false) && may([], true, true))
    #expect(may([added], false, true) && may([removed, added], true, true))
    #expect(!may([], false, true) && !may([], true, false), "one is missing")
    #expect(!may([added], true, true) && !may([added, removed], false, true))
    #expect(!may([added, added], false, true) && may([added, added], false, true, mayRepeat: true))
    #expect(!may([added], false, false, mayRepeat: true))
  }
}
